// Text from Word comes in as plain paragraphs; textareas grow with what is in them.
(function () {
  "use strict";
  var zx = window.zx;

  zx.cleanText = function (text) {
    return text
      .replace(/\r\n?|\u2028|\u2029|\v/g, "\n")
      .replace(/[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]/g, "")
      .replace(/[\u00a0\u2000-\u200a\u202f\t]/g, " ")
      .split("\n")
      .map(function (line) {
        return line
          .replace(/^[\s\u3000]+|[\s\u3000]+$/g, "")
          .replace(/^[·•●○■□◆◇▪▫\uf000-\uf0ff]\s*/, "")
          .replace(/ {2,}/g, " ")
          .replace(/([\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])/g, "$1");
      })
      .join("\n")
      .replace(/\n{2,}/g, "\n")
      .replace(/^\n+|\n+$/g, "");
  };

  function grow(area) {
    var y = window.scrollY;
    area.style.height = "0";
    area.style.height = Math.min(area.scrollHeight + 2, window.innerHeight * 0.7) + "px";
    if (window.scrollY !== y) window.scrollTo(0, y);
  }
  function arm(form) {
    if (form.dataset.minutesArmed) return;
    form.dataset.minutesArmed = "1";
    form.addEventListener("paste", function (event) {
      var area = event.target.closest("textarea");
      var text = area && event.clipboardData && event.clipboardData.getData("text/plain");
      if (!text) return;
      event.preventDefault();
      var clean = zx.cleanText(text);
      // insertText keeps Ctrl+Z working; setRangeText where it is missing
      if (!document.execCommand("insertText", false, clean)) {
        area.setRangeText(clean, area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    form.addEventListener("input", function (event) { if (event.target.tagName === "TEXTAREA") grow(event.target); });
    zx.each(form, "textarea", grow);
  }
  function wake(root) { zx.each(root, "form[data-minutes]", arm); }
  wake(document.body);
  document.addEventListener("zx:wake", function (event) { wake(event.target); });
})();
