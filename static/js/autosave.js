// Saves every 10 s to form[data-autosave-url] and shows both texts when someone else saved. Drafts are kept by drafts.js.
(function () {
  "use strict";
  var zx = window.zx, PAUSE = 10000;
  var values = zx.form.read, put = zx.form.put, say = zx.form.say;

  function labelOf(form, name) {
    var el = form.elements[name];
    if (el && el.length && !el.tagName) el = el[0];
    var row = el && el.closest(".roll-row");
    if (row) return row.querySelector("b").textContent.trim() + (/^reason/.test(name) ? " 事由" : "");
    var label = el && el.labels && el.labels[0];
    return label ? label.textContent.replace("必填", "").trim() : name;
  }

  function shownOf(form, name, value) { // as the page words it
    var field = form.elements[name], text = value;
    if (field && field.zxWords) text = field.zxWords(value);
    Array.prototype.forEach.call(field && field.length ? field : [], function (one) {
      if (one.value !== value) return;
      if (one.tagName === "OPTION") text = one.textContent.trim();
      else if (one.type === "radio" && one.nextElementSibling) text = one.nextElementSibling.textContent.trim();
    });
    return String(text === undefined || text === "" ? "（空）" : text);
  }

  // ---- both texts
  function conflict(form, data, done) {
    var mine = values(form), saved = data.saved || {};
    var differ = Object.keys(saved).filter(function (n) { return JSON.stringify(mine[n] === undefined ? "" : mine[n]) !== JSON.stringify(saved[n]); });
    var dialog = zx.make("dialog", "box");
    var title = zx.make("h2", "", "这份内容" + (data.by ? "由 " + data.by : "") + (data.at ? " 于 " + data.at : "") + " 改过，您的内容还没有存");
    title.id = "stale-title";
    dialog.setAttribute("aria-labelledby", "stale-title");
    dialog.append(title, zx.make("p", "muted", "逐处选留哪一份；您写的没有丢。"));
    differ.forEach(function (name, i) {
      var set = zx.make("fieldset", "form-section");
      set.append(zx.make("h3", "", labelOf(form, name)));
      var pair = zx.make("div", "versions");
      [["您写的", mine[name], "mine"], ["已存的", saved[name], "saved"]].forEach(function (side) {
        var cell = zx.make("div"), label = zx.make("label"), radio = zx.make("input");
        radio.type = "radio"; radio.name = "keep-" + i; radio.value = side[2]; radio.checked = side[2] === "mine";
        label.append(radio, document.createTextNode(" 留" + side[0]));
        cell.append(label, zx.make("div", "text", shownOf(form, name, side[1])));
        pair.append(cell);
      });
      set.append(pair);
      dialog.append(set);
    });
    var acts = zx.make("div", "acts"), ok = zx.make("button", "btn btn-primary", "就这样存"), later = zx.make("button", "btn btn-secondary", "回去再看");
    ok.type = later.type = "button";
    ok.addEventListener("click", function () {
      differ.forEach(function (name, i) { if (dialog.querySelector("input[name=keep-" + i + "]:checked").value === "saved") put(form, name, saved[name]); });
      var field = form.querySelector("input[name=version]");
      if (field && data.version !== undefined) field.value = data.version;
      dialog.close();
      done(true);
    });
    later.addEventListener("click", function () { dialog.close(); done(false); });
    dialog.addEventListener("close", function () { dialog.remove(); });
    acts.append(later, ok);
    dialog.append(acts);
    document.body.append(dialog);
    dialog.showModal();
  }

  // ---- saving
  function save(form, byHand) {
    if (form.dataset.saving || form.dataset.stale || form.dataset.sending) return Promise.resolve();
    if (!byHand && (form.dataset.dirty !== "1" || form.dataset.hold)) return Promise.resolve();
    delete form.dataset.hold;
    form.dataset.saving = "1";
    delete form.dataset.dirty;
    say(form, "正在保存……");
    var data = new FormData(form), sent = values(form);
    return fetch(form.dataset.autosaveUrl, {
      method: "POST", body: data, credentials: "same-origin", redirect: "manual",
      headers: { "X-CSRFToken": zx.csrf(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" }
    }).then(function (r) {
      var type = r.headers.get("content-type") || "";
      var read = type.indexOf("json") >= 0 ? r.json() : Promise.resolve({});
      return read.then(function (answer) {
        if (r.ok) {
          var field = form.querySelector("input[name=version]");
          if (field && answer.version !== undefined) field.value = answer.version;
          if (zx.touch) zx.touch();
          zx.freshDraft(form, sent);
          zx.each(form, ".field-error[data-auto-error]", function (el) { el.remove(); });
          say(form, "已保存 " + (answer.at || zx.clock()));
        } else if (r.status === 409) {
          form.dataset.stale = "1";
          form.dataset.dirty = "1";
          zx.keepDraft(form);
          say(form, "没有存上：别人改过这份内容", true);
          conflict(form, answer, function (go) {
            delete form.dataset.stale;
            form.dataset.dirty = "1";
            if (go) { delete form.dataset.saving; save(form, true); }
            else form.dataset.hold = "1"; // no second dialog until the person saves by hand
          });
        } else if (r.status === 422) {
          form.dataset.dirty = "1";
          zx.keepDraft(form);
          var names = Object.keys(answer.errors || {});
          var first = names.length ? [].concat(answer.errors[names[0]])[0] : "有一处填得不对";
          say(form, "没有存上：" + (names.length && names[0] !== "__all__" ? labelOf(form, names[0]) + " " : "") + first, true);
          form.dataset.refused = JSON.stringify(values(form));
        } else {
          throw new Error(String(r.status || "redirect"));
        }
      });
    }).catch(function (error) {
      form.dataset.dirty = "1";
      zx.keepDraft(form);
      var out = /^(redirect|0|401|403)$/.test(error.message);
      say(form, (out ? "登录已过期，内容为您留着，重新登录后接着写（" : "连不上服务器，内容留在本机（") + zx.clock() + "）", true);
    }).then(function () { delete form.dataset.saving; });
  }
  zx.autosave = save;

  function arm(form) {
    if (form.dataset.armed) return;
    form.dataset.armed = "1";
    form.addEventListener("input", function () { say(form, "有改动，稍后自动保存"); });
    setInterval(function () { if (form.dataset.refused !== JSON.stringify(values(form))) save(form, false); }, PAUSE);
    document.addEventListener("visibilitychange", function () { if (document.hidden) save(form, false); });
  }
  function wake(root) { zx.each(root, "form[data-autosave-url]", arm); }
  wake(document.body);
  document.addEventListener("zx:wake", function (event) { wake(event.target); });
})();
