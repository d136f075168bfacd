// What is typed stays (docs/decisions/0061-drafts.md). Every form that takes typed text keeps a draft and asks before it is left.
// A draft belongs to a person, a form and an occasion. It lives on the server, and in this browser only while there is no
// connection. The request that saves closes it: the form carries its key as draft_key.
(function () {
  "use strict";
  var zx = window.zx, PAUSE = 800, LOCAL = "zx-draft:", WHOLE = 60000; // bytes a browser still sends while a page goes away
  var user = document.body.dataset.user || "";
  var skip = /^(csrfmiddlewaretoken|version|typed_fields|draft_key)$/;
  var passing = /token|stamp|earlier|version|typed_fields|draft_key|_FORMS$|^next$|^rich$/;

  // ------------------------------------------------------------------------------------------------ what stands in a form
  function controls(form) {
    return Array.prototype.filter.call(form.elements, function (el) {
      return el.name && !skip.test(el.name) && !/^(password|file|submit|button|hidden|image|reset)$/.test(el.type) && !el.disabled
        && !/^(FIELDSET|OUTPUT|OBJECT)$/.test(el.tagName);
    });
  }
  function read(form, first) { // first: as the server sent it
    var all = {};
    controls(form).forEach(function (el) {
      if (el.type === "radio") { if (first ? el.defaultChecked : el.checked) all[el.name] = el.value; }
      else if (el.type === "checkbox") (all[el.name] = all[el.name] || []).push((first ? el.defaultChecked : el.checked) ? el.value : "");
      else if (el.tagName === "SELECT") {
        var chosen = Array.prototype.filter.call(el.options, function (o) { return first ? o.defaultSelected : o.selected; });
        if (el.multiple) all[el.name] = chosen.map(function (o) { return o.value; });
        else all[el.name] = chosen.length ? chosen[chosen.length - 1].value : el.options.length && first ? el.options[0].value : "";
      } else all[el.name] = (first ? el.defaultValue : el.value).replace(/\r\n?/g, "\n");
    });
    return all;
  }
  function words(form) { // the words of chosen options, for pickers that ask the server for theirs
    var all = {};
    controls(form).forEach(function (el) {
      if (el.tagName !== "SELECT" || !el.dataset.url) return;
      Array.prototype.forEach.call(el.selectedOptions, function (o) { if (o.value) (all[el.name] = all[el.name] || {})[o.value] = o.textContent.trim(); });
    });
    return all;
  }
  function put(form, name, value, said) {
    var boxes = 0;
    controls(form).forEach(function (el) {
      if (el.name !== name) return;
      if (el.type === "radio") el.checked = el.value === value;
      else if (el.type === "checkbox") { el.checked = Boolean(value && value[boxes]); boxes += 1; }
      else if (el.tagName === "SELECT") {
        [].concat(value).forEach(function (one) {
          var there = Array.prototype.some.call(el.options, function (o) { return o.value === one; });
          if (there || !one || !said || !said[one]) return;
          if (el.tomselect) el.tomselect.addOption({ value: one, text: said[one] });
          else el.add(new Option(said[one], one));
        });
        if (el.tomselect) el.tomselect.setValue(value, true);
        else if (el.multiple) Array.prototype.forEach.call(el.options, function (o) { o.selected = value.indexOf(o.value) >= 0; });
        else el.value = value;
      } else el.value = value;
      el.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  function grow(form, values) { // rows that were added and not saved
    form.querySelectorAll("[data-rows]").forEach(function (box) {
      var prefix = box.dataset.rows, total = form.elements[prefix + "-TOTAL_FORMS"], wanted = 0;
      Object.keys(values).forEach(function (name) {
        var found = name.indexOf(prefix + "-") === 0 && /^\d+/.exec(name.slice(prefix.length + 1));
        if (found) wanted = Math.max(wanted, Number(found[0]) + 1);
      });
      while (total && zx.addRow && Number(total.value) < Math.min(wanted, 200)) if (!zx.addRow(box)) break;
    });
  }
  function text(values) { return JSON.stringify(values, Object.keys(values).sort()); }
  function changed(now, then) {
    return Object.keys(then).filter(function (n) { return JSON.stringify(now[n]) !== JSON.stringify(then[n]); });
  }
  function version(form) { var el = form.querySelector("input[name=version]"); return el ? el.value : ""; }
  function say(form, line, bad) {
    zx.each(form, "[data-saved]", function (el) {
      el.setAttribute("role", "status");
      el.textContent = line;
      el.classList.toggle("is-bad", Boolean(bad));
    });
  }
  zx.form = { read: read, put: put, grow: grow, version: version, say: say, changed: changed };

  // ------------------------------------------------------------------------------------------------ which form, which place
  function keeps(form) {
    if (!zx.isPost(form) || form.hasAttribute("data-no-draft") || form.hasAttribute("data-onsite")) return false;
    if (form.querySelector("input[type=password], input[autocomplete=one-time-code]") || form.getAttribute("autocomplete") === "off") return false;
    return form.hasAttribute("data-guard") || form.hasAttribute("data-autosave-url") || controls(form).some(function (el) {
      return el.tagName === "TEXTAREA" || (el.tagName === "INPUT" && !/^(radio|checkbox|range|color)$/.test(el.type));
    });
  }
  function guards(form) { return Boolean(form.zxDraft) || form.matches("form[data-guard], form[data-autosave-url]"); }
  function placeOf(form) { // the address it is sent to, and of which row of the page it speaks
    var to = new URL(form.getAttribute("action") || location.href, location.href), about = [];
    Array.prototype.forEach.call(form.elements, function (el) {
      if (el.type === "hidden" && el.name && !passing.test(el.name) && !/-\d+-/.test(el.name) && /^[\w:.-]{1,40}$/.test(el.value)) about.push(el.name + "=" + el.value);
    });
    return (to.pathname + to.search + (about.length ? "#" + about.sort().join("&") : "")).slice(0, 600);
  }
  function name() { // crypto.randomUUID asks for https; an office network may have none
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }
  function occasion(form, key) {
    form.zxDraft.key = key || name();
    form.zxDraft.sent = "";
    form.zxDraft.field.value = form.zxDraft.key;
  }

  // ------------------------------------------------------------------------------------------------ this browser, the server
  function own() { return LOCAL + user + ":"; }
  function keepHere(record) { try { localStorage.setItem(own() + record.key, JSON.stringify(record)); return true; } catch (e) { return false; } }
  function dropHere(key) { try { localStorage.removeItem(own() + key); } catch (e) { /* nothing kept */ } }
  function allHere() {
    var found = [];
    try {
      for (var i = 0; i < localStorage.length; i += 1) {
        var key = localStorage.key(i);
        if (key.indexOf(own()) === 0) { var one = JSON.parse(localStorage.getItem(key)); if (one && one.values) found.push(one); }
      }
    } catch (e) { /* switched off */ }
    return found;
  }
  function post(url, body, last) {
    var json = typeof body === "string";
    var headers = { "X-CSRFToken": zx.csrf(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" };
    if (json) headers["Content-Type"] = "application/json";
    return fetch(url, { method: "POST", body: body, credentials: "same-origin", redirect: "manual", headers: headers, keepalive: Boolean(last) && json && body.length * 3 < WHOLE });
  }
  // answers "kept", "closed" (saved meanwhile), "refused", or "away" (no connection, or logged out)
  function send(record, last) {
    return post("/drafts/keep/", JSON.stringify(record), last).then(function (r) {
      if (r.ok) { dropHere(record.key); return r.json().then(function (told) { return told.closed ? "closed" : "kept"; }); }
      return r.status === 413 || r.status === 422 ? "refused" : "away";
    }, function () { return "away"; });
  }
  function recordOf(form) {
    return { key: form.zxDraft.key, place: form.zxDraft.place, version: version(form), clock: zx.clock(), values: read(form), words: words(form) };
  }
  function keep(form, byHand) {
    if (!form.zxDraft) return Promise.resolve("");
    clearTimeout(form.zxDraft.timer);
    var record = recordOf(form), now = text(record.values);
    if (!byHand && form.zxDraft.sent === now) return Promise.resolve("kept");
    return send(record).then(function (came) {
      if (came === "kept") form.zxDraft.sent = now;
      if (came === "closed" && form.dataset.dirty === "1") { occasion(form); return keep(form); }
      if (came === "away" || came === "refused") keepHere(record);
      if (form.dataset.autosaveUrl && !byHand) return came;
      if (came === "kept") say(form, "草稿已留存 " + zx.clock() + "，还没有提交");
      else if (came === "away") say(form, "连不上服务器或登录已过期，内容留在本机（" + zx.clock() + "）", true);
      if (byHand) zx.say(came === "kept" ? "草稿已留存，7 天内打开这一页可以接着写；还没有提交。" : "内容留在本机，还没有提交。", came === "kept" ? "info" : "warning");
      return came;
    });
  }
  function drop(key) {
    dropHere(key);
    var data = new FormData();
    data.set("key", key);
    return post("/drafts/drop/", data).catch(function () { /* it goes in a week */ });
  }
  zx.keepDraft = keep;
  zx.freshDraft = function (form, saved) { // the server has it: what is typed from here on is another occasion
    if (!form.zxDraft) return;
    form.zxDraft.base = text(saved);
    occasion(form);
    if (text(read(form)) === form.zxDraft.base) delete form.dataset.dirty; else form.dataset.dirty = "1";
  };

  // ------------------------------------------------------------------------------------------------ windows of this browser
  var air = window.BroadcastChannel && user ? new BroadcastChannel("zx-drafts-" + user) : null, living = {};
  if (air) air.addEventListener("message", function (event) {
    var data = event.data || {};
    if (data.living) living[data.living] = true;
    if (data.ask) document.querySelectorAll("form").forEach(function (form) {
      if (form.zxDraft && form.dataset.dirty === "1" && data.ask.indexOf(form.zxDraft.key) >= 0) air.postMessage({ living: form.zxDraft.key });
    });
  });
  function notElsewhere(drafts) {
    if (!air || !drafts.length) return Promise.resolve(drafts);
    air.postMessage({ ask: drafts.map(function (one) { return one.key; }) });
    return new Promise(function (done) {
      setTimeout(function () { done(drafts.filter(function (one) { return !living[one.key]; })); }, 150);
    });
  }

  // ------------------------------------------------------------------------------------------------ offering
  function offer(form, draft) {
    var base = JSON.parse(form.zxDraft.base), now = read(form), differ = changed(now, draft.values);
    differ = differ.filter(function (n) { return n in now || /-\d+-/.test(n) || draft.values[n]; });
    if (draft.key === document.body.dataset.posted) { // this form came back from the server with what was sent
      occasion(form, draft.key);
      form.zxDraft.posted = true; // as the server sent it is not as it is saved
      form.dataset.dirty = "1";
      return;
    }
    if (!differ.length) {
      if (changed(base, now).length) { occasion(form, draft.key); form.dataset.dirty = "1"; } // Back: the browser filled it in itself
      else drop(draft.key); // it is what the server has
      return;
    }
    if (form.dataset.dirty === "1") return;
    var moved = draft.version !== version(form);
    var box = zx.make("div", "message message-warning draft");
    box.setAttribute("role", "status");
    var line = zx.make("p", "", (draft.here ? "这台电脑上" : "服务器上") + "留有您 " + draft.clock + " 没有存上的内容（" + differ.length + " 处）"
      + (moved ? "，之后这份内容又改过，恢复前请对照" : "") + "。");
    var yes = zx.make("button", "btn btn-secondary btn-sm", "恢复"), no = zx.make("button", "btn btn-quiet btn-sm", "丢弃");
    yes.type = no.type = "button";
    yes.addEventListener("click", function () {
      grow(form, draft.values);
      Object.keys(draft.values).forEach(function (n) {
        if (JSON.stringify(read(form)[n]) !== JSON.stringify(draft.values[n])) put(form, n, draft.values[n], (draft.words || {})[n]);
      });
      occasion(form, draft.key);
      form.dataset.dirty = "1";
      box.remove();
      say(form, "已恢复，还没有提交");
    });
    no.addEventListener("click", function () { drop(draft.key); box.remove(); });
    box.append(line, yes, no);
    form.prepend(box);
  }
  function look(forms) {
    if (!forms.length) return;
    var url = "/drafts/?" + forms.map(function (form) { return "at=" + encodeURIComponent(form.zxDraft.place); }).join("&");
    fetch(url, { credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } })
      .then(function (r) { return r.ok ? r.json() : { drafts: [] }; })
      .catch(function () { return { drafts: allHere().map(function (one) { one.here = true; return one; }) }; })
      .then(function (answer) { return notElsewhere(answer.drafts || []); })
      .then(function (drafts) {
        forms.forEach(function (form) {
          var seen = {}, mine = drafts.filter(function (one) {
            if (one.place !== form.zxDraft.place) return false;
            var words = text(one.values), again = seen[words];
            seen[words] = true;
            if (again) drop(one.key); // newest first: an older one that says the same asks nothing
            return !again;
          });
          mine.slice(0, 3).forEach(function (one) { offer(form, one); });
        });
      });
  }

  // ------------------------------------------------------------------------------------------------ arming
  function dirtied(form) {
    var same = text(read(form)) === form.zxDraft.base && !form.zxDraft.posted;
    if (same) delete form.dataset.dirty; else form.dataset.dirty = "1";
    clearTimeout(form.zxDraft.timer);
    if (same && !form.zxDraft.sent) return;
    form.zxDraft.timer = setTimeout(function () { keep(form); }, PAUSE);
  }
  function arm(form) {
    if (form.zxDraft || !user || !keeps(form)) return false;
    var field = zx.make("input");
    field.type = "hidden";
    field.name = "draft_key";
    form.append(field);
    form.zxDraft = { place: placeOf(form), base: text(read(form, true)), field: field, sent: "", timer: 0 };
    occasion(form);
    form.addEventListener("input", function (event) { if (!event.target.hasAttribute("data-no-dirty")) dirtied(form); });
    form.addEventListener("change", function (event) { if (!event.target.hasAttribute("data-no-dirty")) dirtied(form); });
    form.addEventListener("submit", function (event) {
      if (event.defaultPrevented) return;
      clearTimeout(form.zxDraft.timer);
      if (form.dataset.dirty === "1") keepHere(recordOf(form)); // until the next page knows whether it arrived
    });
    return true;
  }
  function isShut(form) { var shut = form.closest("details:not([open])"); return Boolean(shut) && !form.contains(shut); }
  function wake(root, before) {
    var fresh = [];
    zx.each(root, "form", function (form) { if (!isShut(form) && arm(form)) fresh.push(form); });
    (before || Promise.resolve()).then(function () { look(fresh); });
  }
  function flush() { // what could not be sent before goes to the server now; what was saved meanwhile goes away
    return Promise.all(allHere().map(function (one) { return send(one); }));
  }
  document.addEventListener("input", function (event) { // a form that asks and keeps nothing: secrets
    var form = event.target.form;
    if (form && !form.zxDraft && guards(form)) form.dataset.dirty = "1";
  });
  if (user) {
    document.addEventListener("toggle", function (event) { if (event.target.tagName === "DETAILS" && event.target.open) wake(event.target); }, true);
    wake(document.body, flush());
    document.addEventListener("htmx:afterRequest", function (event) { if (event.target.tagName === "FORM") flush(); });
    window.addEventListener("online", flush);
    document.addEventListener("zx:wake", function (event) { if (event.target !== document.body) wake(event.target); });
    window.addEventListener("pagehide", function () {
      document.querySelectorAll("form").forEach(function (form) {
        if (!form.zxDraft || form.dataset.dirty !== "1" || zx.leaving()) return;
        var record = recordOf(form);
        if (form.zxDraft.sent === text(record.values)) return;
        if (navigator.onLine && JSON.stringify(record).length * 3 < WHOLE) send(record, true); else keepHere(record);
      });
    });
    document.addEventListener("zx:idle", function () {
      document.querySelectorAll("form").forEach(function (form) { if (form.zxDraft && form.dataset.dirty === "1") keepHere(recordOf(form)); });
    });
  }

  // ------------------------------------------------------------------------------------------------ asking before leaving
  window.addEventListener("beforeunload", function (event) {
    if (zx.leaving()) return;
    var open = Array.prototype.some.call(document.querySelectorAll("form[data-dirty='1']"), guards);
    if (open) { event.preventDefault(); event.returnValue = ""; }
  });

  // ------------------------------------------------------------------------------------------------ log-out leaves nothing here
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!user || !/\/account\/logout\/$/.test(form.getAttribute("action") || "") || form.dataset.flushed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    var open = Array.prototype.filter.call(document.querySelectorAll("form"), function (one) { return one.zxDraft && one.dataset.dirty === "1"; });
    Promise.all(open.map(function (one) { return keep(one); })).then(function () {
      return flush();
    }).then(function () {
      var left = allHere().length;
      if (left && !form.dataset.warned) {
        form.dataset.warned = "1";
        delete form.dataset.sending;
        zx.say("还有 " + left + " 份内容没能送到服务器，现在退出会丢掉。请先处理，或再点一次“退出登录”。", "warning");
        return;
      }
      try {
        Object.keys(localStorage).forEach(function (key) { if (key.indexOf(own()) === 0 || key.indexOf("zx-onsite:" + user + ":") === 0) localStorage.removeItem(key); });
      } catch (e) { /* nothing kept */ }
      if (window.caches) caches.delete("zx-onsite"); // the score sheet kept for a place without network
      form.dataset.flushed = "1";
      delete form.dataset.sending;
      zx.leave();
      setTimeout(function () { form.requestSubmit(); }, 0); // a turn later: this sending has been taken back by then
    });
  }, true);
})();
