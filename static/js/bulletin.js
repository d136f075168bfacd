// The workshop of a bulletin: Quill writes, and only what the house allows ever leaves it (docs/decisions/0040-editor.md).
// Paragraphs, three headings, bold, lists, figures of the snapshot (one unbreakable piece) and blocks. Nothing else.
(function () {
  "use strict";
  var zx = window.zx, Quill = window.Quill;

  // ------------------------------------------------------------------------------------------------ what is allowed
  function escaped(text) { return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"); }
  function quoted(text) { return escaped(text).replace(/"/g, "&quot;"); }
  function trimmed(text) {
    return text
      .replace(/[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]/g, "")
      .replace(/[\u00a0\u2000-\u200a\u202f\t\r\n]+/g, " ")
      .replace(/ {2,}/g, " ")
      .replace(/([\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])/g, "$1");
  }
  var BULLET = /^[\s\u3000]*[·•●○■□◆◇▪▫➢✓\u00a7\u00d8\u00fc\uf000-\uf0ff]+[\s\u3000]*/;
  var LEVELS = [[/^[一二三四五六七八九十]+、/, "h2"], [/^（[一二三四五六七八九十]+）/, "h3"]];

  // Foreign markup keeps its tag names and four attributes only: nothing of it styles, runs or loads, not even while it is read.
  function bare(html) {
    return html
      .replace(/<!--[\s\S]*?-->|<!\[[^>]*>|<\?[^>]*>/g, "")
      .replace(/<(style|script|xml|title|svg)\b[\s\S]*?<\/\1\s*>/gi, "")
      .replace(/<(\/?)([a-z][\w:-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi, function (all, end, name, rest) {
        if (/^(img|link|meta|base|object|embed|iframe|input|video|audio|source)$/i.test(name)) return "";
        if (end) return "</" + name + ">";
        var kept = (rest.match(/\sdata-(fact|of|block)\s*=\s*("[^"]*"|'[^']*')/gi) || []).join("");
        if (/mso-list\s*:\s*Ignore/i.test(rest)) kept += ' data-mark="1"';
        if (/font-weight\s*:\s*(bold|[6-9]00)/i.test(rest)) kept += ' data-bold="1"';
        if (/font-weight\s*:\s*normal/i.test(rest)) kept += ' data-bold="0"';
        return "<" + name + kept + ">";
      });
  }

  // Any HTML (from Word, WPS, a web page, the server) -> the clean subset, facts written as <data class="fact">.
  function clean(html, foreign) {
    var page = new DOMParser().parseFromString(bare(html), "text/html");
    var out = [], open = null;
    var down = page.querySelector("h1") ? 1 : 0, titled = Boolean(page.querySelector("h1, h2, h3, h4"));
    function lineOf(tag) { if (!open) open = { tag: tag || "p", text: "", words: "", list: "" }; return open; }
    function close() {
      if (!open) return;
      var line = open, text = line.text.replace(/^(?:[\s\u3000]|&nbsp;)+|(?:[\s\u3000]|&nbsp;)+$/g, "");
      open = null;
      if (!text) return;
      if (foreign && line.tag === "p" && BULLET.test(line.words)) { line.tag = "li"; line.list = "ul"; text = text.replace(BULLET, ""); }
      if (foreign && !titled && line.tag === "p" && line.words.length <= 40 && !/[。；]/.test(line.words)) {
        LEVELS.forEach(function (level) { if (level[0].test(line.words.trim())) line.tag = level[1]; });
      }
      if (/^h/.test(line.tag)) text = text.replace(/<\/?(strong|em)>/g, "");
      out.push({ tag: line.tag, list: line.list, text: text });
    }
    function inline(node, marks) {
      if (node.nodeType === 3) {
        var text = trimmed(node.data);
        if (!text || (!text.trim() && !open)) return;
        var line = lineOf(), start = marks.strong ? "<strong>" : "", end = marks.strong ? "</strong>" : "";
        if (marks.em) { start += "<em>"; end = "</em>" + end; }
        line.text += start + escaped(text) + end;
        line.words += text;
        return;
      }
      if (node.nodeType !== 1) return;
      var tag = node.tagName;
      if (/^(TEMPLATE|BUTTON|SELECT|TEXTAREA|CANVAS)$/.test(tag)) return;
      if (node.dataset.mark) { // the sign Word set before a list line: a number is text, anything else makes it a point of a list
        var sign = trimmed(node.textContent).trim();
        if (/[\d一二三四五六七八九十]/.test(sign)) { lineOf().text += escaped(sign); open.words += sign; }
        else { lineOf().tag = "li"; open.list = "ul"; }
        return;
      }
      if (tag === "BR") { var same = open && open.tag, list = open && open.list; close(); if (same && same !== "p") { lineOf(same).list = list; } return; }
      if (node.dataset.block && tag === "FIGURE") { close(); out.push({ tag: "figure", text: node.dataset.block }); return; }
      if (node.dataset.fact) {
        var words = trimmed(node.textContent).trim();
        if (!words) return;
        var row = lineOf();
        row.text += '<data class="fact" data-fact="' + quoted(node.dataset.fact) + '" data-of="' + quoted(node.dataset.of || "") + '">' + escaped(words) + "</data>";
        row.words += words;
        return;
      }
      var own = {
        strong: marks.strong || (/^(B|STRONG)$/.test(tag) && node.dataset.bold !== "0") || node.dataset.bold === "1",
        em: marks.em || /^(I|EM)$/.test(tag)
      };
      var box = /^(P|DIV|H[1-6]|LI|TR|BLOCKQUOTE|PRE|SECTION|ARTICLE|TABLE|UL|OL|FIGURE|TBODY|DL|DT|DD|CENTER)$/.test(tag);
      if (box) {
        close();
        if (/^H[1-6]$/.test(tag)) lineOf("h" + Math.min(4, Math.max(2, Number(tag[1]) + down)));
        else if (tag === "LI") { lineOf("li"); open.list = node.parentNode && node.parentNode.tagName === "OL" ? "ol" : "ul"; }
        else if (tag === "TR") {
          var cells = Array.prototype.map.call(node.cells, function (cell) { return trimmed(cell.textContent).trim(); });
          lineOf().text = escaped(cells.filter(Boolean).join("，"));
          open.words = "x";
          close();
          return;
        }
      }
      Array.prototype.forEach.call(node.childNodes, function (child) { inline(child, own); });
      if (box) close();
    }
    Array.prototype.forEach.call(page.body.childNodes, function (node) { inline(node, {}); });
    close();
    var text = "", list = "";
    out.forEach(function (line, place) {
      var wanted = line.tag === "li" ? line.list || "ul" : "";
      if (list && list !== wanted) text += "</" + list + ">";
      if (wanted && list !== wanted) text += "<" + wanted + ">";
      list = wanted;
      if (line.tag === "figure") text += '<figure class="block" data-block="' + quoted(line.text) + '"></figure>';
      else text += "<" + line.tag + ">" + line.text + "</" + line.tag + ">";
      // a heading with nothing under it gets an empty line to write on
      if (!foreign && line.tag === "h2" && (place === out.length - 1 || out[place + 1].tag === "h2")) text += "<p><br></p>";
    });
    return text + (list ? "</" + list + ">" : "");
  }

  // ------------------------------------------------------------------------------------------------ the pieces
  var Embed, BlockEmbed, Clipboard;
  function learn() {
    Embed = Quill.import("blots/embed");
    BlockEmbed = Quill.import("blots/block/embed");
    Clipboard = Quill.import("modules/clipboard");
    class Fact extends Embed { // a figure of the snapshot: goes in, moves and goes out as one piece
      static create(value) {
        var node = super.create();
        node.dataset.fact = value.fact;
        node.dataset.of = value.of || "";
        node.textContent = value.text;
        return node;
      }
      static value(node) { return { fact: node.dataset.fact || "", of: node.dataset.of || "", text: node.textContent.replace(/\ufeff/g, "") }; }
      html() { return factHtml(Fact.value(this.domNode)); }
    }
    Fact.blotName = "fact";
    Fact.tagName = "DATA";
    Fact.className = "fact";
    class Block extends BlockEmbed { // a table or chart: drawn from the same source as the paper
      static create(value) {
        var node = super.create();
        node.dataset.block = value;
        node.contentEditable = "false";
        var drawn = document.querySelector('template[data-drawn="' + CSS.escape(value) + '"]');
        if (drawn) node.append(drawn.content.cloneNode(true));
        else node.append(zx.make("p", "tone-behind", "这张表现在没有数据：" + value));
        return node;
      }
      static value(node) { return node.dataset.block; }
      html() { return blockHtml(Block.value(this.domNode)); }
    }
    Block.blotName = "block-figure";
    Block.tagName = "FIGURE";
    Block.className = "block";
    class CleanClipboard extends Clipboard {
      convert(given, formats) {
        if (given.html) {
          if (!given.own && /<table/i.test(given.html)) zx.say("粘贴的表格已经转成文字；统计表请从右侧“表和图”插入。", "info");
          given = { html: clean(given.html, !given.own), text: given.text };
        }
        return super.convert(given, formats);
      }
    }
    Quill.register({ "formats/fact": Fact, "formats/block-figure": Block, "modules/clipboard": CleanClipboard }, true);
  }
  function factHtml(value) { return '<span data-fact="' + quoted(value.fact) + '" data-of="' + quoted(value.of) + '">' + escaped(value.text) + "</span>"; }
  function blockHtml(name) { return '<figure data-block="' + quoted(name) + '"></figure>'; }

  // What stands in the editor as clean HTML; `at[i]` is the place in the editor of the i-th character of that HTML.
  function written(quill) {
    var html = "", at = [], words = 0, index = 0, list = "", line = [];
    function put(text, place) { for (var i = 0; i < text.length; i += 1) at.push(place); html += text; }
    function flush(format, place) {
      var tag = format.header ? "h" + format.header : format.list ? "li" : "p";
      var wanted = format.list ? (format.list === "ordered" ? "ol" : "ul") : "";
      var filled = line.some(function (piece) { return piece.fact || piece.text.trim(); });
      if (list && list !== wanted) put("</" + list + ">", place);
      if (!filled) { if (list !== wanted) list = ""; line = []; return; } // empty lines are not kept
      if (wanted && list !== wanted) put("<" + wanted + ">", place);
      list = wanted;
      put("<" + tag + ">", place);
      line.forEach(function (piece) {
        if (piece.bold) put("<strong>", piece.at);
        if (piece.italic) put("<em>", piece.at);
        if (piece.fact) { put(factHtml(piece.fact), piece.at); words += piece.fact.text.length; }
        else Array.from(piece.text).reduce(function (place, sign) {
          put(escaped(sign), place);
          if (/\S/.test(sign)) words += 1;
          return place + sign.length;
        }, piece.at);
        if (piece.italic) put("</em>", piece.at);
        if (piece.bold) put("</strong>", piece.at);
      });
      put("</" + tag + ">", place);
      line = [];
    }
    quill.getContents().ops.forEach(function (op) {
      var format = op.attributes || {};
      if (typeof op.insert !== "string") {
        if (op.insert.fact) line.push({ at: index, fact: op.insert.fact, bold: format.bold, italic: format.italic, text: "" });
        else if (op.insert["block-figure"]) { flush({}, index); put((list ? "</" + list + ">" : "") + blockHtml(op.insert["block-figure"]), index); list = ""; }
        index += 1;
        return;
      }
      op.insert.split("\n").forEach(function (text, i, all) {
        if (text) line.push({ at: index, text: text.replace(/[\u00a0\t]/g, " "), bold: format.bold, italic: format.italic });
        index += text.length;
        if (i < all.length - 1) { flush(format, index); index += 1; }
      });
    });
    if (list) put("</" + list + ">", index);
    return { html: html, at: at, words: words };
  }
  // ------------------------------------------------------------------------------------------------ the editor
  // Tab leaves the editor; "1." and "-" stay what was typed: the numbers of an official paper are words
  var OFF = ["indent", "outdent", "outdent backspace", "indent code-block", "outdent code-block", "remove tab", "tab", "list autofill",
    "checklist enter", "table backspace", "table delete", "table enter", "table tab", "table down", "table up", "code exit", "blockquote empty enter"];
  function Workshop(box) {
    var field = document.getElementById(box.dataset.prose), form = field.form;
    var bindings = {}, last = null, marks = [], now = null;
    var layer = box.querySelector("[data-marks]"), numbers = document.getElementById("numbers");
    OFF.forEach(function (name) { bindings[name] = null; });
    [[1, 2], [2, 3], [3, 4], [0, false]].forEach(function (pair) {
      bindings["level" + pair[0]] = { key: String(pair[0]), shortKey: true, altKey: true, handler: function () { quill.format("header", pair[1], "user"); } };
    });
    bindings.points = { key: "8", shortKey: true, shiftKey: true, handler: function () { doIt("list"); } };
    bindings.numbers = { key: "7", shortKey: true, shiftKey: true, handler: function () { doIt("ordered"); } };
    box.hidden = false;
    zx.each(form, "[data-plain]", function (plain) {
      plain.hidden = true;
      zx.each(plain, "textarea", function (area) { area.disabled = true; });
    });
    form.elements.rich.value = "1";

    var quill = new Quill(box.querySelector("[data-editor]"), {
      formats: ["bold", "italic", "header", "list", "fact", "block-figure"],
      modules: { toolbar: false, history: { delay: 700, userOnly: true, maxStack: 200 }, keyboard: { bindings: bindings } }
    });
    var text = quill.root;
    text.id = "prose-text";
    [["role", "textbox"], ["aria-multiline", "true"], ["aria-label", "正文"], ["aria-describedby", "prose-keys"], ["spellcheck", "false"]].forEach(function (pair) { text.setAttribute(pair[0], pair[1]); });

    function load(html) {
      var delta = quill.clipboard.convert({ html: html || "<p></p>", own: true }), end = delta.ops[delta.ops.length - 1];
      if (end && end.attributes && end.attributes.header) delta = delta.insert("\n"); // and under the last heading a line to write on
      quill.setContents(delta, "silent");
      now = written(quill);
      marks = [];
      draw();
      blocksIn();
    }
    function store() {
      now = written(quill);
      if (now.html === field.value) return;
      field.value = now.html;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      form.dispatchEvent(new CustomEvent("zx:written"));
    }
    field.zxWords = function (html) {
      var page = new DOMParser().parseFromString(bare(String(html || "")), "text/html");
      zx.each(page.body, "p, h2, h3, h4, li", function (el) { el.append("\n"); });
      zx.each(page.body, "figure", function (el) { el.append("【图表】\n"); });
      return page.body.textContent.trim();
    };
    field.addEventListener("change", function () { if (field.value !== now.html) { load(field.value); form.dispatchEvent(new CustomEvent("zx:written")); } });

    // ---- buttons
    function doIt(what) {
      quill.focus();
      var format = quill.getFormat();
      if (/^h[234]$/.test(what)) quill.format("header", format.header === Number(what[1]) ? false : Number(what[1]), "user");
      else if (what === "p") { quill.format("header", false, "user"); quill.format("list", false, "user"); }
      else if (what === "bold") quill.format("bold", !format.bold, "user");
      else if (what === "list") quill.format("list", format.list === "bullet" ? false : "bullet", "user");
      else if (what === "ordered") quill.format("list", format.list === "ordered" ? false : "ordered", "user");
      else if (what === "undo") quill.history.undo();
      else if (what === "redo") quill.history.redo();
      pressed();
    }
    function pressed() {
      var range = quill.getSelection(), format = range ? quill.getFormat(range) : {};
      zx.each(box, "[data-do][aria-pressed]", function (button) {
        var what = button.dataset.do;
        var on = what === "bold" ? format.bold : what === "list" ? format.list === "bullet" : what === "ordered" ? format.list === "ordered" : format.header === Number(what[1]);
        button.setAttribute("aria-pressed", String(Boolean(on)));
      });
    }
    box.addEventListener("click", function (event) {
      var button = event.target.closest("[data-do]");
      if (button) doIt(button.dataset.do);
    });
    quill.on("selection-change", function (range) { if (range) last = range; pressed(); });
    quill.on("text-change", function (delta) {
      if (last) last = { index: delta.transformPosition(last.index), length: 0 };
      marks.forEach(function (mark) { mark.from = delta.transformPosition(mark.from); mark.to = delta.transformPosition(mark.to); });
      store();
      draw();
      pressed();
      blocksIn();
    });

    // ---- figures and blocks put in at the cursor
    function here() { return last ? Math.min(last.index, quill.getLength() - 1) : quill.getLength() - 1; }
    function putFact(value, index, over) {
      if (over) quill.deleteText(index, over, "user");
      quill.insertEmbed(index, "fact", value, "user");
      quill.setSelection(index + 1, 0, "user");
    }
    function put(words, mark) { // a figure stays the figure it is, typed words stay words
      var piece = quill.getContents(mark.from, 1).ops[0], size = mark.to - mark.from;
      if (piece && piece.insert.fact) return putFact({ fact: piece.insert.fact.fact, of: piece.insert.fact.of, text: words }, mark.from, size);
      quill.insertText(mark.to, words, quill.getFormat(mark.from, size), "user");
      quill.deleteText(mark.from, size, "user");
      quill.setSelection(mark.from + words.length, 0, "user");
    }
    function placeOf(name) {
      var index = 0, found = -1;
      quill.getContents().ops.forEach(function (op) {
        if (op.insert["block-figure"] === name && found < 0) found = index;
        index += typeof op.insert === "string" ? op.insert.length : 1;
      });
      return found;
    }
    function putBlock(name) {
      var at = placeOf(name);
      if (at < 0) {
        var line = quill.getLine(here());
        at = line[0] ? quill.getIndex(line[0]) + line[0].length() : quill.getLength();
        at = Math.min(at, quill.getLength());
        if (at >= quill.getLength()) { quill.insertText(quill.getLength() - 1, "\n", "user"); at = quill.getLength() - 1; }
        quill.insertEmbed(at, "block-figure", name, "user");
      }
      quill.setSelection(at + 1, 0, "user");
      quill.scrollSelectionIntoView();
    }
    function blocksIn() {
      zx.each(document, "[data-insert-block]", function (button) {
        var there = Boolean(text.querySelector('figure[data-block="' + CSS.escape(button.dataset.insertBlock) + '"]'));
        button.textContent = there ? "看位置" : "插入";
        button.setAttribute("aria-label", button.textContent + " " + button.dataset.insertBlock);
      });
    }
    document.addEventListener("click", function (event) {
      var fact = event.target.closest("[data-insert-fact]"), block = event.target.closest("[data-insert-block]");
      if (fact) putFact({ fact: fact.dataset.insertFact, of: fact.dataset.of || "", text: fact.dataset.text }, here(), last ? last.length : 0);
      if (block) putBlock(block.dataset.insertBlock);
    });

    // ---- numbers that do not agree: a list beside, a line under each; the text itself is not touched
    function rectsOf(mark) {
      var range = document.createRange(), first = quill.getLeaf(mark.from + 1), end = quill.getLeaf(mark.to);
      if (!first[0] || !end[0]) return [];
      if (first[0].domNode.nodeType === 3) range.setStart(first[0].domNode, Math.max(0, first[1] - 1)); else range.setStartBefore(first[0].domNode);
      if (end[0].domNode.nodeType === 3) range.setEnd(end[0].domNode, end[1]); else range.setEndAfter(end[0].domNode);
      return Array.prototype.slice.call(range.getClientRects());
    }
    function draw() {
      layer.textContent = "";
      var base = layer.getBoundingClientRect();
      marks.forEach(function (mark) {
        if (mark.to <= mark.from) return;
        rectsOf(mark).forEach(function (rect) {
          var line = zx.make("span", "prose-wrong");
          line.style.left = rect.left - base.left + "px";
          line.style.top = rect.bottom - base.top - 2 + "px";
          line.style.width = rect.width + "px";
          layer.append(line);
        });
      });
    }
    function read() {
      marks = [];
      zx.each(numbers, "[data-from]", function (row) {
        var from = now.at[Number(row.dataset.from)], to = now.at[Number(row.dataset.to) - 1];
        if (from === undefined || to === undefined) return;
        var mark = { from: from, to: to + 1 };
        row.zxMark = mark;
        marks.push(mark);
      });
      draw();
    }
    var asked = "";
    document.addEventListener("htmx:configRequest", function (event) { if (event.target === numbers) asked = now.html; });
    document.addEventListener("htmx:beforeSwap", function (event) { if (event.target === numbers && asked !== now.html) event.detail.shouldSwap = false; });
    document.addEventListener("htmx:afterSwap", function (event) { if (event.target === numbers) read(); });
    numbers.addEventListener("click", function (event) {
      var row = event.target.closest("[data-from]");
      if (!row || !row.zxMark) return;
      var mark = row.zxMark, mend = event.target.closest("[data-mend]");
      if (mend) put(mend.dataset.mend, mark);
      else if (event.target.closest("[data-jump]")) {
        quill.setSelection(mark.from, mark.to - mark.from, "user");
        quill.scrollSelectionIntoView();
      }
    });
    if (window.ResizeObserver) new ResizeObserver(draw).observe(text);
    window.addEventListener("resize", draw);

    load(field.value);
    quill.history.clear();
    if (now.html === field.value) read();
    else form.dispatchEvent(new CustomEvent("zx:written"));
    zx.prose = { quill: quill, html: function () { return now.html; } };
  }

  // ------------------------------------------------------------------------------------------------ cards, steps
  function cards(form) {
    var blank = document.getElementById("card-blank"), list = document.getElementById("cards");
    if (!blank || !list) return;
    var total = form.elements["cards-TOTAL_FORMS"];
    document.addEventListener("click", function (event) {
      var pick = event.target.closest("[data-add-card]"), drop = event.target.closest("[data-drop-card]");
      if (pick) {
        event.preventDefault();
        var number = Number(total.value), card = blank.content.firstElementChild.cloneNode(true);
        var walk = document.createTreeWalker(card, NodeFilter.SHOW_ELEMENT), el = card;
        do {
          ["id", "name", "for", "aria-describedby", "aria-labelledby"].forEach(function (name) {
            if (el.hasAttribute(name)) el.setAttribute(name, el.getAttribute(name).replace("__prefix__", number));
          });
          el = walk.nextNode();
        } while (el);
        list.append(card);
        total.value = number + 1;
        function set(name, value) { var field = form.elements["cards-" + number + "-" + name]; if (field) field.value = value || ""; }
        set("session", pick.dataset.session);
        set("committee", pick.dataset.committee);
        set("unit", pick.dataset.unit);
        set("mode", pick.dataset.mode);
        card.querySelector("[data-card-unit]").textContent = pick.dataset.unit;
        list.classList.remove("is-empty");
        form.dispatchEvent(new Event("input", { bubbles: true }));
        form.elements["cards-" + number + "-title"].focus();
      }
      if (drop) {
        var row = drop.closest("[data-card]"), box = row.querySelector("input[type=checkbox][name$=DELETE]");
        box.checked = true;
        row.hidden = true;
        zx.each(row, "[required]", function (field) { field.required = false; });
        box.dispatchEvent(new Event("input", { bubbles: true }));
        box.dispatchEvent(new Event("change", { bubbles: true }));
        var next = list.querySelector("[data-card]:not([hidden]) [data-drop-card]") || document.getElementById("card-pick");
        if (next) next.focus();
      }
    });
  }
  // A step goes from the text as it stands: what is not saved yet is saved first, and the step carries that version.
  function steps(form) {
    document.addEventListener("submit", function (event) {
      var step = event.target;
      if (step === form || !/\/move\/$/.test(step.getAttribute("action") || "") || step.dataset.saved === "1") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      function go() {
        if (form.dataset.dirty === "1" || form.dataset.stale) return; // not saved: its own words say why
        step.elements.version.value = form.elements.version.value;
        step.dataset.saved = "1";
        step.requestSubmit(event.submitter || undefined);
      }
      // a turn later: this sending has been taken back by then
      if (form.dataset.dirty === "1") zx.autosave(form, true).then(go); else setTimeout(go, 0);
    }, true);
    document.addEventListener("click", function (event) {
      var link = event.target.closest("a[data-after-save]");
      if (!link || form.dataset.dirty !== "1") return;
      event.preventDefault();
      zx.autosave(form, true).then(function () { if (form.dataset.dirty !== "1") location.href = link.href; });
    });
  }

  zx.cleanProse = clean;
  zx.each(document, "[data-prose]", function (box) {
    if (!Quill) return;
    learn();
    Workshop(box);
  });
  zx.each(document, "#bulletin-form", function (form) { cards(form); if (form.dataset.autosaveUrl) steps(form); });
})();
