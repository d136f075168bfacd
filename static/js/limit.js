// Counts the characters of several fields together, white space left out, as the server does: form[data-limit] names the most,
// data-limit-fields the fields; the words go to [data-limit-words].
(function () {
  "use strict";
  var zx = window.zx;

  function arm(form) {
    if (form.dataset.limitArmed) return;
    form.dataset.limitArmed = "1";
    var most = Number(form.dataset.limit);
    var names = form.dataset.limitFields.split(" ");
    function show() {
      var n = names.reduce(function (sum, name) {
        var el = form.elements[name];
        return sum + (el ? Array.from(el.value.replace(/\s+/g, "")).length : 0);
      }, 0);
      zx.each(form, "[data-limit-words]", function (el) {
        el.textContent = n > most ? "三部分合计 " + n + "/" + most + " 字，超出 " + (n - most) + " 字" : "三部分合计 " + n + "/" + most + " 字";
        el.classList.toggle("tone-behind", n > most);
      });
    }
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
  }
  function wake(root) { zx.each(root, "form[data-limit]", arm); }
  wake(document.body);
  document.addEventListener("zx:wake", function (event) { wake(event.target); });
})();
