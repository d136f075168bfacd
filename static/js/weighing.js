// A sheet being scored: indicator and total add up while one types. The server's words stand until then, and count.
(function () {
  "use strict";
  var form = document.querySelector("form[data-weighing]");
  if (!form) return;
  var out = document.querySelector("[data-weighing-total]");
  function cents(value) { return (Math.round(value * 100 + 1e-9) / 100).toFixed(2); }
  function total() {
    var sum = 0, known = true;
    form.querySelectorAll("[data-indicator]").forEach(function (box) {
      var got = 0, most = 0, whole = true;
      box.querySelectorAll("[data-item-max]").forEach(function (row) {
        var input = row.querySelector("[data-score]");
        most += Number(row.dataset.itemMax);
        if (!input || input.value.trim() === "") { whole = false; return; }
        got += Number(input.value);
      });
      var part = most ? Number(box.dataset.weight) * got / most : 0;
      var cell = box.querySelector("[data-indicator-sum]");
      if (cell) cell.textContent = whole ? cents(part) : "待补";
      if (whole) sum += part; else known = false;
    });
    if (out) out.textContent = known ? cents(sum) : "待补";
  }
  form.addEventListener("input", function (event) {
    if (event.target.matches("[data-score]")) total();
  });
  total();
})();
