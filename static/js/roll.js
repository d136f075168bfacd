// The roll: real radios that also take keys. 1-4 set and move on, arrows move, letters find by pinyin, 5 and 6 toggle 迟到 and 早退.
(function () {
  "use strict";
  var zx = window.zx;

  function arm(form) {
    if (form.dataset.rollArmed) return;
    form.dataset.rollArmed = "1";
    var rows = Array.prototype.slice.call(form.querySelectorAll(".roll-row"));
    var total = form.querySelector("[data-roll-total]");
    var here = 0, typed = "", timer = 0, find = null;

    function radios(row) { return Array.prototype.slice.call(row.querySelectorAll(".seg input[type=radio]")); }
    function chosen(row) { return row.querySelector(".seg input[type=radio]:checked"); }
    function word(radio) { return radio.nextElementSibling.textContent.trim(); }

    function show(row) {
      var mark = chosen(row), needs = Boolean(mark && mark.hasAttribute("data-needs-reason"));
      row.classList.toggle("needs-reason", needs);
      row.classList.toggle("is-away", needs);
      zx.each(row, ".roll-reason input", function (el) {
        if (el.dataset.locked === undefined) el.dataset.locked = el.disabled ? "1" : "";
        el.disabled = el.dataset.locked === "1" || !needs;
      });
      zx.each(row, ".roll-flags input", function (el) {
        if (el.dataset.locked === undefined) el.dataset.locked = el.disabled ? "1" : "";
        if (needs && !el.dataset.locked) el.checked = false;
      });
    }
    function count() {
      var order = [], sums = {}, unknown = 0;
      rows.forEach(function (row) {
        radios(row).forEach(function (r) { if (!(word(r) in sums)) { sums[word(r)] = 0; order.push(word(r)); } });
        var mark = chosen(row);
        if (mark && !row.classList.contains("is-default")) sums[word(mark)] += 1; else unknown += 1;
      });
      if (!total) return;
      total.textContent = "应到 ";
      total.append(zx.make("b", "", String(rows.length)), " = ");
      var parts = order.filter(function (w, i) { return i === 0 || sums[w]; }).map(function (w) { return [w, sums[w]]; });
      if (unknown) parts.push(["未记", unknown]);
      var shown = form.querySelectorAll(".roll-row.is-default").length;
      parts.forEach(function (p, i) { total.append((i ? " + " : "") + p[0] + " ", zx.make("b", "", String(p[1]))); });
      if (shown) total.append("（先按出席和已批的假列出，保存才算）");
    }
    function touch(row) { // what a row merely starts from becomes a mark when somebody touches it
      var touched = form.elements.touched;
      if (!touched || !row.dataset.person) return;
      row.classList.remove("is-default");
      var all = touched.value ? touched.value.split(",") : [];
      if (all.indexOf(row.dataset.person) < 0) touched.value = all.concat(row.dataset.person).join(",");
      form.dataset.dirty = "1";
    }
    function go(index, focus) {
      if (index < 0 || index >= rows.length) return;
      rows[here].classList.remove("is-here");
      here = index;
      rows[here].classList.add("is-here");
      if (focus === false) return;
      var mark = chosen(rows[here]) || radios(rows[here])[0];
      if (mark && !mark.disabled) mark.focus({ preventScroll: true });
      var box = rows[here].getBoundingClientRect();
      if (box.top < 80 || box.bottom > window.innerHeight - 90) rows[here].scrollIntoView({ block: "center" });
    }
    function set(radio) {
      if (!radio || radio.disabled) return;
      radio.checked = true;
      radio.dispatchEvent(new Event("input", { bubbles: true }));
      radio.dispatchEvent(new Event("change", { bubbles: true }));
    }
    function jump(letter) {
      typed += letter.toLowerCase();
      clearTimeout(timer);
      timer = setTimeout(function () { typed = ""; if (find) { find.remove(); find = null; } }, 1200);
      var hit = -1;
      // from the present row on, then round; a single letter repeated walks through its names
      for (var step = typed.length === 1 ? 1 : 0; step <= rows.length; step += 1) {
        var i = (here + step) % rows.length;
        var keys = (rows[i].dataset.pinyin || "").toLowerCase().split(/\s+/);
        if (keys.some(function (k) { return k && k.indexOf(typed) === 0; })) { hit = i; break; }
      }
      if (!find) { find = zx.make("div", "roll-find"); find.setAttribute("role", "status"); document.body.append(find); }
      find.textContent = hit >= 0 ? typed + " → " + rows[hit].querySelector("b").textContent : typed + " 没有这个人";
      if (hit >= 0) go(hit);
    }

    form.addEventListener("change", function (event) {
      var row = event.target.closest(".roll-row");
      if (row) touch(row);
      if (row && event.target.type === "radio") { show(row); count(); }
    });
    form.addEventListener("input", function (event) { var row = event.target.closest(".roll-row"); if (row) touch(row); });
    form.addEventListener("focusin", function (event) {
      var row = event.target.closest(".roll-row");
      if (row) go(rows.indexOf(row), false);
    });
    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      var at = event.target, inRoll = form.contains(at);
      var text = at.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
      if (text) {
        if (inRoll && at.closest(".roll-reason") && event.key === "Enter") { event.preventDefault(); go(Math.min(here + 1, rows.length - 1)); }
        return;
      }
      if (!inRoll && at !== document.body && at.id !== "main") return;
      var row = rows[here], marks = radios(row), n = Number(event.key);
      if (n >= 1 && n <= marks.length && n <= 4) {
        event.preventDefault();
        set(marks[n - 1]);
        if (marks[n - 1].hasAttribute("data-needs-reason")) {
          var reason = row.querySelector(".roll-reason input");
          if (reason && !reason.disabled && !reason.value) { reason.focus(); return; }
        }
        go(Math.min(here + 1, rows.length - 1));
      } else if (event.key === "5" || event.key === "6") {
        var flag = row.querySelector('[data-flag="' + (event.key === "5" ? "late" : "early") + '"]');
        if (flag && !flag.disabled && !row.classList.contains("is-away")) { event.preventDefault(); flag.click(); }
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        go(here + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Home" || event.key === "End") {
        event.preventDefault();
        go(event.key === "Home" ? 0 : rows.length - 1);
      } else if (/^[a-zA-Z]$/.test(event.key)) {
        event.preventDefault();
        jump(event.key);
      }
    });
    rows.forEach(show);
    count();
    if (rows.length) go(0, !document.querySelector("[data-error-summary]"));
  }
  function wake(root) { zx.each(root, "form[data-roll]", arm); }
  wake(document.body);
  document.addEventListener("zx:wake", function (event) { wake(event.target); });
})();
