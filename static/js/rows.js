// "再加一行" without a reload: clones the blank row of a formset. Without script the same button asks the server for it.
(function () {
  "use strict";
  function add(box, button) {
    var prefix = box.dataset.rows;
    var total = box.querySelector("input[name='" + prefix + "-TOTAL_FORMS']");
    var template = box.querySelector("template[data-rows-template]");
    var list = box.querySelector("[data-rows-list]");
    if (!total || !template || !list) return false;
    var number = Number(total.value);
    var holder = document.createElement(list.tagName === "TBODY" ? "tbody" : "div");
    holder.innerHTML = template.innerHTML.replace(/__prefix__/g, String(number));
    var first = holder.querySelector("input:not([type=hidden]), select, textarea");
    while (holder.firstElementChild) list.appendChild(holder.firstElementChild);
    total.value = String(number + 1);
    document.dispatchEvent(new CustomEvent("zx:rows", { detail: { prefix: prefix, button: button } }));
    if (first) first.focus();
    return true;
  }
  // Choosing a month chooses its quarter; the server asks the same when the two do not fit.
  document.addEventListener("change", function (event) {
    var name = event.target.name || "";
    var month = Number(event.target.value);
    if (!/(^|-)month$/.test(name) || !month || !event.target.form) return;
    var quarter = event.target.form.elements[name.replace(/month$/, "quarter")];
    if (!quarter) return;
    quarter.value = String(Math.ceil(month / 3));
    quarter.dispatchEvent(new Event("change", { bubbles: true }));
  });
  window.zx.addRow = function (box) { return add(box, null); };
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-rows-add]");
    if (!button) return;
    var box = button.closest("[data-rows]");
    if (box && add(box, button)) event.preventDefault();
  });
})();
