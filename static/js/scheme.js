// The editor of a scheme: the weights are summed while they are typed, and a key of the list goes into the last formula.
// Without script the sum is said when the form is saved and keys are typed; rows come and go by the form's own buttons.
(function () {
  "use strict";
  var last = null;
  function sum() {
    var line = document.querySelector("[data-weight-sum]");
    if (!line) return;
    var total = 0;
    document.querySelectorAll("[data-weight]").forEach(function (field) { total += Number(field.value) || 0; });
    total = Math.round(total * 100) / 100;
    line.textContent = total === 100 ? "权重合计 100。" : "权重合计 " + total + "，应为 100。";
    line.classList.toggle("tone-behind", total !== 100);
  }
  document.addEventListener("input", function (event) { if (event.target.hasAttribute("data-weight")) sum(); });
  document.addEventListener("focusin", function (event) {
    if (event.target.hasAttribute && event.target.hasAttribute("data-formula")) last = event.target.id;
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-formula-key]");
    if (!button) return;
    var field = last && document.getElementById(last);
    if (!field || !field.hasAttribute("data-formula")) field = document.querySelector("[data-formula]");
    if (!field) return;
    var at = field.selectionEnd === null ? field.value.length : field.selectionEnd;
    field.value = field.value.slice(0, at) + button.dataset.formulaKey + field.value.slice(at);
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // Rows that came or went are typed work too: the guard asks before they are left behind.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (!event.detail.target || event.detail.target.id !== "scheme-rows") return;
    var form = document.querySelector(".form-scheme");
    if (form) form.dataset.dirty = "1";
    sum();
  });
  sum();
})();
