// The score sheet at the session: every change is kept in this browser at once and sent when there is a network.
// One record a visit and user. Cleared when the server confirmed it. Of two tabs the older copy never wins silently.
(function () {
  "use strict";
  var zx = window.zx, EVERY = 30000, WAIT = 20000;
  var user = document.body.dataset.user || "";

  function keyOf(visit) { return "zx-onsite:" + user + ":" + visit; }
  function load(key) { try { return JSON.parse(localStorage.getItem(key) || "null"); } catch (e) { return null; } }
  function store(key, record) {
    try { localStorage.setItem(key, JSON.stringify(record)); return true; } catch (e) { return false; }
  }
  function drop(key) { try { localStorage.removeItem(key); } catch (e) { /* nothing kept */ } }
  function name() { // crypto.randomUUID asks for https; an office network may have none
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  // ---- a sheet that the server has: what was kept here is done with, unless it is another one
  var done = document.querySelector("[data-onsite-done]");
  if (done) {
    var old = load(keyOf(done.dataset.onsiteDone));
    if (old && old.press && old.press === done.dataset.token) drop(keyOf(done.dataset.onsiteDone));
    else if (old) {
      var note = zx.make("p", "onsite-banner is-away", "本机还留有 " + old.clock + " 写的一份，没有提交。");
      var away = zx.make("button", "btn btn-secondary btn-sm", "丢弃本机这一份");
      away.type = "button";
      away.addEventListener("click", function () { drop(keyOf(done.dataset.onsiteDone)); note.remove(); });
      note.append(" ", away);
      done.prepend(note);
    }
    return;
  }

  var form = document.querySelector("form[data-onsite]");
  if (!form) return;

  // ---- the page itself without network: once opened, it opens again; browsers allow that over https and on localhost alone
  var ready = document.querySelector("[data-onsite-ready]");
  function parts() {
    var all = [location.href.split("#")[0]];
    document.querySelectorAll("script[src], link[rel=stylesheet][href], link[rel=icon]").forEach(function (el) { all.push(el.src || el.href); });
    return all;
  }
  if (!("serviceWorker" in navigator) || !window.isSecureContext) {
    if (ready) ready.textContent = "本站不是 https，浏览器不允许断网后重新打开这一页：请不要刷新或关闭它。填写的内容仍存在本机。";
  } else {
    navigator.serviceWorker.register("/visits/onsite-worker.js", { scope: "/visits/" }).then(function () { return navigator.serviceWorker.ready; })
      .then(function (held) {
        held.active.postMessage(parts());
        if (ready) { ready.textContent = "这一页已存在本机，断网后也能重新打开。"; ready.dataset.onsiteReady = "1"; }
      })
      .catch(function () { if (ready) ready.textContent = "这一页没能存在本机：断网时请不要刷新或关闭它。填写的内容仍存在本机。"; });
  }
  var banner = document.querySelector("[data-onsite-banner]");
  var bands = JSON.parse(document.getElementById("onsite-bands").textContent);
  var key = keyOf(form.dataset.onsite), tab = name();
  var base = Number(form.elements.version.value); // of the server's copy this page stands on
  var rev = 0;          // of the record in this browser, as this tab last wrote or took it
  var pending = [];     // names of sendings that were never answered
  var known = values(); // the copy this tab last saw on the server or took from another tab
  var press = "";       // the name of the pressed submission, the same however often it is sent
  var dirty = false, sending = false, later = false, asking = false, over = false, refused = "";

  function fields() {
    return Array.prototype.filter.call(form.elements, function (el) { return /^(points|reason)-\d+$|^comment$/.test(el.name); });
  }
  function values() { var all = {}; fields().forEach(function (el) { all[el.name] = el.value; }); return all; }
  function put(all) { fields().forEach(function (el) { if (all[el.name] !== undefined) el.value = all[el.name]; }); count(); }
  function same(a, b) { return Object.keys(a).every(function (n) { return (a[n] || "") === (b[n] || ""); }); }
  function say(text, tone) {
    banner.textContent = text;
    ["is-away", "is-done", "is-bad"].forEach(function (one) { banner.classList.toggle(one, one === tone); });
  }

  function count() {
    var total = 0, given = 0, items = form.querySelectorAll(".onsite-item");
    items.forEach(function (item) {
      var el = item.querySelector("input[type=number]"), number = el.value === "" ? NaN : Number(el.value);
      if (!isNaN(number)) { total += number; given += 1; }
    });
    var reached = bands.filter(function (row) { return total >= Number(row[0]); })
      .sort(function (a, b) { return Number(b[0]) - Number(a[0]); })[0];
    form.querySelector("[data-onsite-total]").textContent = "合计 " + Math.round(total * 10) / 10 + " 分"
      + (given < items.length ? "，还有 " + (items.length - given) + " 项没有评分" : reached ? "（" + reached[1] + "）" : "");
  }

  // ---- both copies side by side; the person chooses one
  function choose(title, other, taken, kept) {
    if (asking) return;
    asking = true;
    var mine = values(), box = zx.make("dialog", "box"), head = zx.make("h2", "", title);
    head.id = "onsite-both";
    box.setAttribute("aria-labelledby", "onsite-both");
    box.append(head, zx.make("p", "muted", "两份都列在下面，请选留哪一份；没有选之前都不会丢。"));
    fields().forEach(function (el) {
      if ((mine[el.name] || "") === (other[el.name] || "")) return;
      var item = el.closest("fieldset"), label = item ? item.querySelector("legend").textContent.trim() : "现场点评";
      var set = zx.make("fieldset", "form-section"), pair = zx.make("div", "versions");
      set.append(zx.make("h3", "", label + (/^reason/.test(el.name) ? "（理由）" : "")));
      [["本页的", mine[el.name]], ["另一份", other[el.name]]].forEach(function (side) {
        var cell = zx.make("div");
        cell.append(zx.make("p", "muted small", side[0]), zx.make("div", "text", side[1] || "（空）"));
        pair.append(cell);
      });
      set.append(pair);
      box.append(set);
    });
    var acts = zx.make("div", "acts"), one = zx.make("button", "btn btn-secondary", "用另一份"), two = zx.make("button", "btn btn-primary", "留本页的");
    one.type = two.type = "button";
    function end(act) { asking = false; box.remove(); act(); }
    one.addEventListener("click", function () { end(taken); });
    two.addEventListener("click", function () { end(kept); });
    box.addEventListener("cancel", function (event) { event.preventDefault(); });
    acts.append(one, two);
    box.append(acts);
    document.body.append(box);
    box.showModal();
  }

  // ---- in this browser
  function keep() {
    var there = load(key);
    if (there && there.tab !== tab && there.rev > rev) { meet(there); return false; }
    rev = Math.max(Date.now(), rev + 1, there ? there.rev + 1 : 0);
    var ok = store(key, { tab: tab, rev: rev, at: Date.now(), clock: zx.clock(), base: base, pending: pending, press: press, values: values() });
    if (!ok) say("这个浏览器不能在本机保存，请不要关闭页面。", "is-bad");
    return ok;
  }
  function take(record) {
    rev = record.rev; base = record.base; pending = record.pending || []; press = record.press || "";
    put(record.values);
    dirty = true;
    known = record.values;
  }
  function meet(there) {
    if (same(values(), there.values)) { take(there); return; }
    choose("另一个标签页在 " + there.clock + " 也改过这份评分", there.values,
      function () { take(there); keep(); },
      function () { rev = there.rev; base = Math.max(base, there.base); pending = there.pending || []; dirty = true; keep(); });
  }
  function changed() {
    if (over) return;
    press = ""; // what was pressed away from the network was another text
    dirty = true;
    if (keep()) say("已存在本机 " + zx.clock() + (navigator.onLine ? "，稍后送到服务器" : "，网络不通"), navigator.onLine ? "" : "is-away");
    count();
  }

  // ---- to the server
  function finish(answer) {
    over = true;
    drop(key);
    if (zx.touch) zx.touch();
    fields().forEach(function (el) { el.readOnly = true; });
    form.querySelectorAll("button").forEach(function (b) { b.hidden = true; });
    say("已提交 " + answer.at + "，" + answer.total + " 分" + (answer.band ? "（" + answer.band + "）" : ""), "is-done");
    var back = zx.make("a", "btn btn-primary", "回到这次旁听");
    back.href = form.dataset.back;
    form.querySelector(".form-actions").append(back);
  }
  function send(byHand) {
    if (over || asking) return;
    if (!dirty && !press) return;
    if (sending) { later = later || Boolean(byHand); return; }
    var sent = values();
    if (!byHand && refused && refused === JSON.stringify([press, sent])) return; // the same would be refused again
    var there = load(key);
    if (there && there.tab !== tab && there.rev > rev) { meet(there); return; }
    var token = press || name(), earlier = pending.slice(-20);
    if (pending.indexOf(token) < 0) pending.push(token);
    if (!keep()) return;
    sending = true;
    var again = false, data = new FormData(form), stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, WAIT);
    data.set("version", base); data.set("token", token); data.set("earlier", earlier.join(",")); data.set("then", press ? "submit" : "save");
    fetch(location.pathname, {
      method: "POST", body: data, credentials: "same-origin", redirect: "manual", signal: stop.signal,
      headers: { "X-CSRFToken": zx.csrf(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" }
    }).then(function (r) {
      var type = r.headers.get("content-type") || "";
      if (type.indexOf("json") < 0) throw new Error(r.type === "opaqueredirect" || r.status === 403 ? "out" : "server");
      return r.json().then(function (answer) {
        refused = "";
        if (r.ok) {
          base = answer.version; pending = []; known = sent;
          if (answer.stage === "SUBMITTED") { finish(answer); return; }
          if (zx.touch) zx.touch();
          if (same(values(), sent) && !press) { dirty = false; drop(key); say("已存到服务器 " + answer.at + "，还没有提交"); }
          else keep();
        } else if (r.status === 409) {
          pending = [];
          if (same(answer.saved, known)) { base = answer.version; again = true; return; } // seen before: nobody else's change
          choose("这份评分在别处改过", answer.saved,
            function () { base = answer.version; press = ""; put(answer.saved); dirty = false; drop(key); say("已换成服务器上的一份"); },
            function () { base = answer.version; dirty = true; keep(); send(true); });
        } else {
          var reasons = [];
          Object.keys(answer.errors || {}).forEach(function (n) { reasons = reasons.concat(answer.errors[n].map(function (text) { return label(n) + text; })); });
          refused = JSON.stringify([press, sent]);
          pending = []; press = "";
          keep();
          refused = JSON.stringify(["", sent]);
          list(reasons);
        }
      });
    }).catch(function (error) {
      if (error.message === "out") say("登录已过期，已存在本机，重新登录后打开这一页会接着送（" + zx.clock() + "）", "is-bad");
      else if (error.message === "server") say("服务器没有收下，已存在本机，稍后再送（" + zx.clock() + "）", "is-bad");
      else say((press ? "已按下提交，" : "") + "网络不通，已存在本机" + (press ? "，网络恢复后自动提交" : "") + "（" + zx.clock() + "）", "is-away");
    }).then(function () { clearTimeout(timer); sending = false; if (again || later) { later = false; send(true); } });
  }
  function label(n) {
    var el = form.elements[n], item = el && el.closest && el.closest("fieldset");
    return item ? item.querySelector("legend").textContent.trim() + "：" : "";
  }
  function list(reasons) {
    var old = form.querySelector("[data-error-summary]");
    if (old) old.remove();
    var box = zx.make("div", "error-summary"), ul = zx.make("ul");
    box.setAttribute("role", "alert"); box.tabIndex = -1; box.dataset.errorSummary = "";
    reasons.forEach(function (text) { ul.append(zx.make("li", "", text)); });
    box.append(zx.make("h2", "", "还不能提交"), ul);
    form.prepend(box);
    box.focus();
    say("服务器没有收下，写的都在，请按提示改", "is-bad");
  }

  // more than the most, or less than nothing, is said at once and not handed in
  function beyond() {
    var wrong = [];
    form.querySelectorAll(".onsite-item input[type=number]").forEach(function (el) {
      var most = Number(el.max || el.closest(".onsite-item").dataset.most), bad = el.validity.badInput || (el.value !== "" && (Number(el.value) > most || Number(el.value) < 0));
      var item = el.closest(".onsite-item"), note = item.querySelector("[data-onsite-most]");
      if (bad) {
        wrong.push(el);
        el.setAttribute("aria-invalid", "true");
        if (!note) { note = zx.make("p", "field-error"); note.dataset.onsiteMost = ""; el.insertAdjacentElement("afterend", note); }
        note.textContent = el.validity.badInput ? "请填数字" : "满分 " + most + " 分，不能填 " + el.value + " 分";
      } else if (note) { note.remove(); el.removeAttribute("aria-invalid"); }
    });
    return wrong;
  }
  form.addEventListener("input", function () { changed(); beyond(); });
  form.addEventListener("click", function (event) {
    var fill = event.target.closest("[data-onsite-fill]");
    if (!fill) return;
    var el = document.getElementById(fill.dataset["for"]);
    el.value = fill.dataset.onsiteFill;
    changed();
    send(false);
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (over) return;
    var submit = !event.submitter || event.submitter.value === "submit", wrong = beyond();
    if (wrong.length) {
      dirty = true;
      keep();
      say("有 " + wrong.length + " 项超出满分，没有提交；写的都在", "is-bad");
      wrong[0].focus();
      return;
    }
    press = submit ? press || name() : "";
    dirty = true;
    refused = "";
    if (keep()) send(true);
  });
  window.addEventListener("online", function () { say("网络恢复，正在送到服务器……"); send(false); });
  window.addEventListener("offline", function () { say("网络不通，已存在本机；可以接着填写和提交", "is-away"); });
  window.addEventListener("storage", function (event) {
    if (event.key !== key || over) return;
    var there = load(key);
    if (there && there.tab !== tab && there.rev > rev) {
      if (dirty) meet(there);
      else { take(there); dirty = false; } // that tab sends it
    }
  });
  document.addEventListener("visibilitychange", function () { if (document.hidden) send(false); });
  setInterval(function () { send(false); }, EVERY);

  // ---- what an earlier page of this browser left
  var left = load(key);
  if (left && left.values) {
    if (left.base === base || left.pending && left.pending.length) {
      take(left);
      say("已恢复本机 " + left.clock + " 写的内容", "is-away");
      keep();
      send(true);
    } else if (same(values(), left.values)) drop(key);
    else {
      rev = left.rev;
      choose("服务器上的这份评分比本机 " + left.clock + " 的新", left.values,
        function () { put(left.values); dirty = true; keep(); send(true); },
        function () { drop(key); });
    }
  }
  count();
  beyond();
})();
