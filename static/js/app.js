// What every page shares. Nothing here is needed to read or to send a page; it makes work quicker and safer.
(function () {
  "use strict";

  var zx = (window.zx = window.zx || {});
  var body = document.body;

  function each(root, selector, fn) {
    if (root.matches && root.matches(selector)) fn(root);
    root.querySelectorAll(selector).forEach(fn);
  }
  function make(tag, cls, text) {
    var el = document.createElement(tag);
    if (cls) el.className = cls;
    if (text) el.textContent = text;
    return el;
  }
  zx.each = each;
  zx.make = make;
  zx.csrf = function () {
    var meta = document.querySelector("meta[name=csrf-token]");
    return meta ? meta.content : "";
  };
  zx.clock = function () {
    var now = new Date();
    return ("0" + now.getHours()).slice(-2) + ":" + ("0" + now.getMinutes()).slice(-2);
  };
  zx.say = function (text, level) {
    var box = document.getElementById("messages");
    if (!box) return;
    var line = make("div", "message message-" + (level || "info"));
    var icon = { error: "bi-x-octagon", warning: "bi-exclamation-triangle", success: "bi-check-circle" }[level] || "bi-info-circle";
    var i = make("i", "bi " + icon);
    i.setAttribute("aria-hidden", "true");
    line.append(i, make("p", "", text));
    var close = make("button", "", "×");
    close.type = "button";
    close.setAttribute("aria-label", "收起这一条");
    close.addEventListener("click", function () { line.remove(); });
    line.append(close);
    box.append(line);
  };

  // ---- 大字版
  function showFont() {
    var on = document.documentElement.classList.contains("font-large");
    document.querySelectorAll("[data-font-size]").forEach(function (b) { b.setAttribute("aria-pressed", String(on)); });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-font-size]");
    if (!button) return;
    var on = document.documentElement.classList.toggle("font-large");
    try { localStorage.setItem("zx-font", on ? "large" : "normal"); } catch (e) { /* stays for this page */ }
    showFont();
  });
  showFont();

  // ---- menus and confirmations are <details>: Esc, a click elsewhere, 先不
  function closeDetails(el, focus) {
    el.open = false;
    if (focus) { var s = el.querySelector("summary"); if (s) s.focus(); }
  }
  document.addEventListener("click", function (event) {
    var close = event.target.closest("[data-close]");
    if (close) { var d = close.closest("details"); if (d) closeDetails(d, true); return; }
    document.querySelectorAll("details.menu[open], details.confirm[open]").forEach(function (d) {
      if (!d.contains(event.target)) closeDetails(d, false);
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var inside = event.target.closest("details.menu[open], details.confirm[open], details.return[open]");
    document.querySelectorAll("details.menu[open], details.confirm[open], details.return[open]").forEach(function (d) { closeDetails(d, d === inside); });
  });
  // a panel opens inside the window, whichever side its button stands on
  function inside(d) {
    var panel = d.querySelector(":scope > .confirm-panel, :scope > .menu-panel");
    if (!panel) return;
    panel.style.transform = "";
    panel.style.maxHeight = "";
    if (getComputedStyle(panel).position === "fixed") return;
    var box = panel.getBoundingClientRect(), wide = document.documentElement.clientWidth, high = window.innerHeight, gap = 8;
    var x = box.left < gap ? gap - box.left : box.right > wide - gap ? Math.max(gap - box.left, wide - gap - box.right) : 0;
    if (x) panel.style.transform = "translateX(" + Math.round(x) + "px)";
    if (box.bottom > high - gap && !d.closest(".topbar, .bottombar")) panel.scrollIntoView({ block: "nearest" });
  }
  window.addEventListener("resize", function () { document.querySelectorAll("details[open]").forEach(inside); });
  document.addEventListener("toggle", function (event) {
    var d = event.target;
    if (d.tagName === "DETAILS" && d.open) inside(d);
    if (d.tagName !== "DETAILS" || !d.open || !d.matches(".confirm, .return")) return;
    var first = d.querySelector("textarea, input:not([type=hidden]), button[type=submit]");
    if (first) first.focus();
  }, true);
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-fill]");
    if (!button) return;
    var field = button.closest(".field");
    var area = field && field.querySelector("textarea, input[type=text]");
    if (!area) return;
    if (button.dataset.fill) area.value = button.dataset.fill; // a whole text takes the place of what stood there
    else area.value = (area.value ? area.value.replace(/[。;\uff1b\s]*$/, "；") : "") + button.textContent.trim();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  // ---- copying a field; over plain http there is no clipboard, so the old way is tried too
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    var field = button && document.getElementById(button.dataset.copy);
    if (!field) return;
    var words = button.textContent;
    function told(done) {
      button.textContent = done ? "已复制" : "请按 Ctrl+C 复制";
      setTimeout(function () { button.textContent = words; }, 4000);
    }
    field.select();
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(field.value).then(function () { told(true); }, function () { told(false); });
    else told(document.execCommand("copy"));
  });

  // ---- Tom Select
  function pickers(root) {
    if (!window.TomSelect) return;
    each(root, "select[data-picker]", function (select) {
      if (select.tomselect) return;
      var options = {
        searchField: ["text", "pinyin"],
        maxOptions: 200,
        plugins: select.multiple ? { remove_button: { title: "去掉" } } : {},
        placeholder: select.dataset.placeholder || (select.dataset.url ? "输入姓名或拼音首字母" : ""),
        hidePlaceholder: true,
        allowEmptyOption: false,
        render: {
          no_results: function () { return make("div", "no-results", "没有找到，换个写法或拼音首字母试试"); },
          loading: function () { return make("div", "no-results", "正在找……"); }
        }
      };
      if (select.dataset.url) {
        options.valueField = "value";
        options.labelField = "text";
        options.preload = "focus";
        options.load = function (query, done) {
          var url = new URL(select.dataset.url, location.href);
          url.searchParams.set("q", query);
          fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } })
            .then(function (r) { return r.json(); })
            .then(function (data) { done(data.results || data); })
            .catch(function () { done(); });
        };
      }
      var picker = new window.TomSelect(select, options);
      var label = select.id && document.querySelector('label[for="' + select.id + '-ts-control"], label[for="' + select.id + '"]');
      if (label) {
        var words = label.textContent.replace("必填", "").trim();
        select.setAttribute("aria-label", words);
        if (!picker.control_input.getAttribute("aria-labelledby")) picker.control_input.setAttribute("aria-label", words);
      }
    });
  }

  // ---- tables that become cards keep their meaning for screen readers
  function tables(root) {
    each(root, "table.as-cards", function (table) {
      table.setAttribute("role", "table");
      each(table, "thead, tbody, tfoot", function (el) { el.setAttribute("role", "rowgroup"); });
      each(table, "tr", function (el) { el.setAttribute("role", "row"); });
      each(table, "td", function (el) { el.setAttribute("role", "cell"); });
      each(table, "thead th", function (el) { el.setAttribute("role", "columnheader"); });
      each(table, "tbody th", function (el) { el.setAttribute("role", "rowheader"); });
    });
    each(root, "table[data-columns]", function (table) {
      if (table.dataset.columnsReady) return;
      table.dataset.columnsReady = "1";
      var heads = Array.prototype.slice.call(table.querySelectorAll("thead tr:last-child > *"));
      var key = "zx-columns-" + table.dataset.columns;
      var off = [];
      try { off = JSON.parse(localStorage.getItem(key) || "[]"); } catch (e) { off = []; }
      function apply() {
        heads.forEach(function (head, i) {
          var hide = off.indexOf(head.textContent.trim()) >= 0;
          each(table, "tr", function (row) { if (row.children.length === heads.length) row.children[i].classList.toggle("col-off", hide); });
        });
      }
      var menu = make("details", "menu");
      menu.setAttribute("data-columns-menu", "");
      var summary = make("summary", "btn btn-secondary btn-sm", "列");
      var panel = make("div", "menu-panel columns-panel");
      heads.forEach(function (head, i) {
        var name = head.textContent.trim();
        if (i === 0 || !name || name === "操作") return;
        var label = make("label", "columns-item");
        var box = make("input");
        box.type = "checkbox";
        box.checked = off.indexOf(name) < 0;
        box.addEventListener("change", function () {
          off = off.filter(function (n) { return n !== name; });
          if (!box.checked) off.push(name);
          try { localStorage.setItem(key, JSON.stringify(off)); } catch (e) { /* not remembered */ }
          apply();
        });
        label.append(box, document.createTextNode(" " + name));
        panel.append(label);
      });
      menu.append(summary, panel);
      var section = table.closest(".panel");
      var tools = section && section.querySelector(".table-tools .end");
      if (tools) tools.prepend(menu);
      apply();
    });
  }

  // ---- chips of active filters, made from the form itself
  function chips(root) {
    each(root, "form[data-filter]", function (form) {
      var list = form.nextElementSibling;
      if (!list || !list.classList.contains("chips") || list.children.length) return;
      var params = new URLSearchParams(location.search);
      var fields = form.querySelectorAll(".field");
      fields.forEach(function (field) {
        var control = field.querySelector("select[name], input[name]");
        var label = field.querySelector("label");
        if (!control || !label || !params.get(control.name)) return;
        var words = control.value;
        if (control.tagName === "SELECT") words = Array.prototype.map.call(control.selectedOptions, function (o) { return o.textContent.trim(); }).join("、");
        if (control.type === "checkbox") words = control.checked ? "是" : "";
        if (!words) return;
        var rest = new URLSearchParams(location.search);
        rest.delete(control.name);
        rest.delete("page");
        var item = make("li");
        var link = make("a", "", label.textContent.trim() + "：" + words);
        link.href = "?" + rest.toString();
        var x = make("span", "x", "×");
        x.setAttribute("aria-hidden", "true");
        link.append(x, make("span", "visually-hidden", "，去掉这一条"));
        item.append(link);
        list.append(item);
      });
    });
  }

  // ---- the right column is a column only when something is in it
  each(document, ".page-side", function (side) { if (!side.textContent.trim() && !side.querySelector("img, svg, form")) side.hidden = true; });
  function stick() {
    body.classList.toggle("has-primary", Boolean(document.querySelector(".page-actions > .btn-primary, .page-actions > .confirm-primary, .page-actions > form.next, form[data-primary] > .form-actions")) && !body.classList.contains("is-bare"));
  }

  // ---- errors first
  function firstError(root) {
    var summary = root.querySelector ? root.querySelector("[data-error-summary]") : null;
    if (summary) { summary.focus(); return; }
    var bad = root.querySelector ? root.querySelector('[aria-invalid="true"]') : null;
    if (bad) bad.focus();
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest(".error-summary a[href^='#']");
    if (!link) return;
    var target = document.getElementById(link.getAttribute("href").slice(1));
    if (!target) return;
    event.preventDefault();
    var control = target.tomselect ? target.tomselect.control_input : target.matches("input, select, textarea") ? target : target.querySelector("input, select, textarea");
    (control || target).focus();
    (control || target).scrollIntoView({ block: "center" });
  });

  // ---- one click, one sending; buttons work again after Back
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" && form.getAttribute("method") !== "post") return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (form.hasAttribute("data-download")) return;
    form.dataset.sending = "1";
    // after this turn, so that the button's own name and value are still sent
    setTimeout(function () {
      if (event.defaultPrevented && !form.hasAttribute("hx-post")) { delete form.dataset.sending; return; }
      each(form, "button[type=submit], button:not([type])", function (b) { b.setAttribute("aria-disabled", "true"); b.classList.add("disabled"); });
    }, 0);
  }, true);
  function reopen(form) {
    delete form.dataset.sending;
    each(form, "[aria-disabled=true]", function (b) { b.removeAttribute("aria-disabled"); b.classList.remove("disabled"); });
  }
  zx.reopen = reopen;
  window.addEventListener("pageshow", function () { each(document, "form[data-sending]", reopen); });

  // ---- unsaved text: drafts.js keeps it and asks; a form that is being sent is not left
  var leaving = false, leavingTimer = 0;
  zx.dirty = function (form) { return form.dataset.dirty === "1"; };
  zx.leaving = function () { return leaving; };
  zx.leave = function () {
    leaving = true;
    clearTimeout(leavingTimer);
    leavingTimer = setTimeout(function () { leaving = false; }, 4000);
  };
  document.addEventListener("submit", function (event) { if (!event.defaultPrevented) zx.leave(); });

  // ---- Ctrl+S saves, Ctrl+Enter does the main thing: each by the button its form marks, never the first of the document.
  // The button is pressed, not passed by: what it asks first is asked here too.
  function isPost(form) { return (form.getAttribute("method") || "").toLowerCase() === "post"; }
  function marked(form, mark) {
    var own = Array.prototype.slice.call(form.querySelectorAll(mark));
    var outside = form.id ? document.querySelector(mark + '[form="' + form.id + '"]') : null;
    return own.concat(outside || []).filter(function (el) { return !el.disabled; })[0] || null;
  }
  zx.isPost = isPost;
  zx.mainButton = function (form) { return marked(form, "[data-main]"); };
  zx.saveButton = function (form) { return marked(form, "[data-save]"); };
  function formInUse(target) {
    var own = target.form || (target.closest && target.closest("form"));
    return own && isPost(own) ? own : document.querySelector("form[data-primary]");
  }
  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
    var saves = event.key === "s" || event.key === "S";
    if (!saves && event.key !== "Enter") return;
    var form = formInUse(event.target);
    if (!form || !isPost(form)) return;
    event.preventDefault();
    if (event.repeat) return;
    var button = saves ? zx.saveButton(form) : zx.mainButton(form);
    if (saves && form.hasAttribute("data-autosave-url") && zx.autosave) zx.autosave(form, true);
    else if (button) button.click();
    else if (saves && zx.keepDraft) zx.keepDraft(form, true);
  });

  // ---- Enter in a one-line field sends nothing and touches no row; a log-in, a code and a search take it
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey) return;
    var field = event.target, form = field.form;
    if (!form || field.tagName !== "INPUT" || /^(submit|button|image|reset|file)$/.test(field.type) || !isPost(form)) return;
    if (form.querySelector("input[type=password], input[autocomplete=one-time-code]")) return;
    event.preventDefault();
  });

  // ---- / goes to the search, unless somebody is writing
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], .ql-editor")) return;
    var wide = Array.prototype.filter.call(document.querySelectorAll("[data-search]"), function (box) { return box.offsetParent !== null; });
    var box = wide.filter(function (one) { return one.closest("main"); })[0] || wide[0];
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // ---- htmx: CSRF, words for failures, parts woken after a swap
  body.addEventListener("htmx:configRequest", function (event) { event.detail.headers["X-CSRFToken"] = zx.csrf(); });
  // what a page asks on its own once a minute: nobody is there because of it, and its failures are nobody's news
  function quiet(event) { return event.target.hasAttribute && event.target.hasAttribute("data-quiet"); }
  body.addEventListener("htmx:responseError", function (event) {
    if (quiet(event)) return;
    var status = event.detail.xhr.status;
    if (event.target.tagName === "FORM") reopen(event.target);
    zx.say(status === 403 ? "没有办成：登录可能已过期，请刷新页面后再试" : status === 404 ? "没有办成：这一项已经不在了，请刷新页面" : status === 429 ? "太快了，请过一会儿再试" : "没有办成：服务器出了问题，请稍后再试", "error");
  });
  body.addEventListener("htmx:sendError", function (event) {
    if (quiet(event)) return;
    if (event.target.tagName === "FORM") reopen(event.target);
    zx.say("没有办成：连不上服务器，请检查网络后再试", "error");
  });
  body.addEventListener("htmx:afterRequest", function (event) { if (event.target.tagName === "FORM") reopen(event.target); });
  body.addEventListener("htmx:load", function (event) {
    var root = event.detail.elt;
    wake(root);
    if (root.matches && root.matches("[data-done]")) {
      var next = document.querySelector("[data-approve]");
      if (next) {
        next.focus({ preventScroll: true });
        next.scrollIntoView({ block: "nearest" });
        var yes = next.querySelector(".approve-acts > form .btn-secondary");
        if (yes && !document.querySelector("[data-approve] .btn-primary")) yes.classList.replace("btn-secondary", "btn-primary");
      }
    } else if (root !== body) firstError(root);
  });

  // ---- two minutes before the session ends
  (function idle() {
    var seconds = Number(body.dataset.idleSeconds);
    if (!seconds) return;
    var KEY = "zx-seen", dialog = null, words = null, gone = false;
    function touch() { try { localStorage.setItem(KEY, String(Date.now())); } catch (e) { own = Date.now(); } }
    var own = Date.now();
    function seen() { try { return Number(localStorage.getItem(KEY)) || own; } catch (e) { return own; } }
    zx.touch = touch;
    touch();
    body.addEventListener("htmx:afterRequest", function (event) { if (event.detail.successful && !quiet(event)) touch(); });
    function keep() {
      fetch(body.dataset.keepAlive, { method: "POST", credentials: "same-origin", redirect: "manual", headers: { "X-CSRFToken": zx.csrf(), "X-Requested-With": "XMLHttpRequest" } })
        .then(function (r) {
          if (!r.ok) throw new Error("gone");
          touch();
          if (dialog && dialog.open) dialog.close();
        })
        .catch(function () { words.textContent = "没有续上：登录可能已过期，或连不上服务器。写好的内容为您留着，重新登录后可以接着写。"; });
    }
    function show() {
      if (!dialog) {
        dialog = make("dialog", "box");
        dialog.setAttribute("aria-labelledby", "idle-title");
        var title = make("h2", "", "还有 2 分钟将自动退出");
        title.id = "idle-title";
        words = make("p", "", "一段时间没有操作。点“继续”留在这一页，写好的内容不会丢。");
        var acts = make("div", "acts");
        var go = make("button", "btn btn-primary", "继续");
        go.type = "button";
        go.addEventListener("click", function () { if (gone) location.reload(); else keep(); });
        acts.append(go);
        dialog.append(title, words, acts);
        body.append(dialog);
        zx.idleTitle = title;
        zx.idleGo = go;
      }
      if (!dialog.open && dialog.showModal) dialog.showModal();
    }
    setInterval(function () {
      var left = seconds - (Date.now() - seen()) / 1000;
      if (left > 120) { if (dialog && dialog.open && !gone) dialog.close(); return; }
      if (gone) return;
      show();
      if (left <= 0) {
        gone = true;
        document.dispatchEvent(new CustomEvent("zx:idle"));
        leaving = true;
        zx.idleTitle.textContent = "已自动退出";
        words.textContent = "写好的内容为您留着，重新登录后可以接着写。";
        zx.idleGo.textContent = "重新登录";
      } else if (left < 90) zx.idleTitle.textContent = "还有 " + Math.ceil(left) + " 秒将自动退出";
    }, 1000);
  })();

  function wake(root) {
    pickers(root);
    tables(root);
    chips(root);
    stick();
    root.dispatchEvent(new CustomEvent("zx:wake", { bubbles: true }));
  }
  wake(document.body);
  firstError(document.getElementById("main") || document);
})();
