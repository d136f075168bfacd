// The burden meter: how many distinct fields a person typed into on this page. It counts, and sends only the number.
(function () {
  "use strict";
  var zx = window.zx;
  var typing = "input[type=text], input[type=search], input[type=number], input[type=date], input[type=time], input[type=tel], input[type=email], input[type=url], input:not([type]), textarea";

  function arm(form) {
    if (form.dataset.burdenArmed) return;
    form.dataset.burdenArmed = "1";
    var hidden = form.querySelector("input[name=typed_fields]");
    var before = hidden ? Number(hidden.value) || 0 : 0;
    var typed = new Set();
    // In a form nobody has saved yet what stands in it came along. Later a text may have been typed before: the server
    // marks what came along (data-auto) or says how much it was (data-burden="12").
    var said = form.dataset.burden;
    var auto = said === "new" ? Array.prototype.filter.call(form.querySelectorAll("[data-auto], " + typing), function (el) {
      return el.hasAttribute("data-auto") || Boolean(el.defaultValue);
    }).length : said ? Number(said) || 0 : form.querySelectorAll("[data-auto]").length;
    function show() {
      var n = before + typed.size;
      if (hidden) hidden.value = String(n);
      zx.each(document, "[data-burden-words]", function (el) { el.textContent = "本页键入 " + n + " 项，自动带入 " + auto + " 项"; });
    }
    form.addEventListener("input", function (event) {
      var el = event.target;
      if (!event.isTrusted || !el.name || !el.matches(typing) || el.hasAttribute("data-no-burden")) return;
      typed.add(el.name);
      show();
    });
    show();
  }
  function wake(root) { zx.each(root, "form[data-burden]", arm); }
  wake(document.body);
  document.addEventListener("zx:wake", function (event) { wake(event.target); });
})();
