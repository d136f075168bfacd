// The workshop of a bulletin: Quill writes, and only what the house allows ever leaves it (docs/decisions/0040-editor.md).
// Paragraphs, three headings, bold, lists, figures of the snapshot (one unbreakable piece) and blocks. Nothing else.
(function () {
  "use strict";
  var zx = window.zx, Quill = window.Quill;
  var HEADINGS = { H2: 2, H3: 3, H4: 4 };
  var PAUSE = 1200;

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
    out.forEach(function (line) {
      var wanted = line.tag === "li" ? line.list || "ul" : "";
      if (list && list !== wanted) text += "</" + list + ">";
      if (wanted && list !== wanted) text += "<" + wanted + ">";
      list = wanted;
      if (line.tag === "figure") text += '<figure class="block" data-block="' + quoted(line.text) + '"></figure>';
      else text += "<" + line.tag + ">" + line.text + "</" + line.tag + ">";
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
        if (given.html) given = { html: clean(given.html, !given.own), text: given.text };
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
      if (!filled) { if (list !== wanted) list = ""; line = []; return; }
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
  zx.cleanProse = clean;

  // ------------------------------------------------------------------------------------------------ the workshop
  var OFF = ["indent", "outdent", "outdent backspace", "indent code-block", "outdent code-block", "remove tab", "tab", "list autofill", "checklist enter", "table backspace", "table delete", "table enter", "table tab", "table down", "table up", "code exit", "blockquote empty enter"];
  function arm(box) {
    if (box.dataset.armed || !Quill) return;
    box.dataset.armed = "1";
    var field = document.getElementById(box.dataset.prose), form = field.form;
    var off = {};
    OFF.forEach(function (name) { off[name] = null; }); // Tab leaves the editor; "1." and "-" stay what was typed
    if (!Embed) learn();
    box.hidden = false;
    var place = box.querySelector("[data-editor]");
    var quill = new Quill(place, {
      formats: ["bold", "italic", "header", "list", "fact", "block-figure"],
      modules: { toolbar: false, history: { delay: 700, userOnly: true, maxStack: 200 }, keyboard: { bindings: off } }
    });
    quill.root.setAttribute("role", "textbox");
    quill.root.setAttribute("aria-multiline", "true");
    quill.root.setAttribute("aria-label", "正文");
    quill.root.setAttribute("spellcheck", "false");
    quill.root.id = "prose-text";
    function load(html) { quill.setContents(quill.clipboard.convert({ html: html || "<p></p>", own: true }), "silent"); }
    load(field.value);
    quill.history.clear();
    field.hidden = true;
    zx.prose = quill;
    return { quill: quill, form: form };
  }
  zx.writtenProse = written;
  zx.armProse = arm;
})();
