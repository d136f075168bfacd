import assert from "node:assert/strict";
import { test } from "node:test";
import { later, open } from "./page.mjs";

const FORM = `<form method="post" data-primary data-guard>
  <input type="hidden" name="version" value="3"><input type="text" name="topic" value="旧题">
  <textarea name="text"></textarea>
  <button type="submit" name="add_row" value="1" formnovalidate>再加一项</button>
  <button type="submit" data-save name="do" value="save">保存</button><button type="submit" data-main name="do" value="send">提交</button></form>`;

function pressed(page) {
  const names = [];
  page.window.document.addEventListener("click", (event) => {
    if (event.target.tagName === "BUTTON") { names.push(event.target.textContent); event.preventDefault(); }
  }, true);
  return names;
}

test("Ctrl+S presses the saving button, Ctrl+Enter the main one, never the first", () => {
  const page = open(FORM), names = pressed(page);
  page.key("[name=topic]", "s", { ctrlKey: true });
  page.key("[name=topic]", "Enter", { ctrlKey: true });
  page.key("body", "s", { metaKey: true });
  assert.deepEqual(names, ["保存", "提交", "保存"]);
});

test("Enter in a one-line field presses nothing; a search and a log-in take it", () => {
  const page = open(FORM + '<form method="get" id="q"><input type="text" name="q"></form><form method="post" id="in"><input type="text" name="login"><input type="password" name="p"></form>');
  assert.equal(page.key("[name=topic]", "Enter").defaultPrevented, true);
  assert.equal(page.key("[name=text]", "Enter").defaultPrevented, false);
  assert.equal(page.key("[name=q]", "Enter").defaultPrevented, false);
  assert.equal(page.key("[name=login]", "Enter").defaultPrevented, false);
});

test("what is typed goes to the server with place, version and an occasion of its own", async () => {
  const page = open(FORM), other = open(FORM);
  page.type("[name=topic]", "新题");
  await later(950);
  const [draft] = page.kept();
  assert.equal(draft.place, "/sessions/new/?item=5");
  assert.equal(draft.version, "3");
  assert.equal(draft.values.topic, "新题");
  assert.match(draft.key, /^[0-9a-f]{32}$/);
  assert.equal(page.find("[name=draft_key]").value, draft.key);
  assert.notEqual(other.find("[name=draft_key]").value, draft.key);
  assert.equal(page.window.localStorage.length <= 1, true); // "zx-seen" at most
});

test("typed and taken back asks nothing", () => {
  const page = open(FORM);
  page.type("[name=topic]", "新题");
  assert.equal(page.find("form").dataset.dirty, "1");
  page.type("[name=topic]", "旧题");
  assert.equal(page.find("form").dataset.dirty, undefined);
});

test("without a connection the browser keeps it, under the account; the next page sends it", async () => {
  const page = open(FORM, { answer: () => new Error("no network") });
  page.type("[name=text]", "写到一半");
  await later(950);
  const names = Object.keys(page.window.localStorage).filter((name) => name.startsWith("zx-draft:"));
  assert.equal(names.length, 1);
  assert.match(names[0], /^zx-draft:7:/);
  const kept = { [names[0]]: JSON.parse(page.window.localStorage.getItem(names[0])) };
  const other = open(FORM, { kept, user: "8" });
  await later(50);
  assert.equal(other.kept().length, 0); // somebody else's page leaves it alone
  const next = open(FORM, { kept });
  await later(50);
  assert.equal(next.kept()[0].values.text, "写到一半");
  assert.equal(next.window.localStorage.getItem(names[0]), null);
});

test("a draft that differs is offered and comes back; one that is what the server has is dropped", async () => {
  const draft = { key: "a".repeat(32), place: "/sessions/new/?item=5", version: "3", clock: "10:00", values: { topic: "写到一半", text: "" } };
  const answer = (asked) => (asked.url.startsWith("/drafts/?") ? { json: { drafts: [draft] } } : {});
  const page = open(FORM, { answer });
  await later(50);
  assert.equal(page.window.document.querySelectorAll(".draft").length, 1);
  page.find(".draft button").click();
  assert.equal(page.find("[name=topic]").value, "写到一半");
  assert.equal(page.find("[name=draft_key]").value, draft.key);
  draft.values.topic = "旧题";
  const same = open(FORM, { answer });
  await later(50);
  assert.equal(same.window.document.querySelectorAll(".draft").length, 0);
  assert.equal(same.asked.some((one) => one.url === "/drafts/drop/"), true);
});

test("a form that came back from the server is unsaved and asks nothing twice", async () => {
  const draft = { key: "b".repeat(32), place: "/sessions/new/?item=5", version: "3", clock: "10:00", values: { topic: "旧题", text: "" } };
  const page = open(FORM, { posted: draft.key, answer: (asked) => (asked.url.startsWith("/drafts/?") ? { json: { drafts: [draft] } } : {}) });
  await later(50);
  assert.equal(page.window.document.querySelectorAll(".draft").length, 0);
  assert.equal(page.find("form").dataset.dirty, "1");
  assert.equal(page.find("[name=draft_key]").value, draft.key);
});

test("secrets are never kept", async () => {
  const page = open('<form method="post" autocomplete="off" data-guard><input type="text" name="secret"></form><form method="post"><input type="text" name="login"><input type="password" name="p"></form>');
  page.type("[name=secret]", "key");
  page.type("[name=login]", "wang");
  await later(950);
  assert.equal(page.kept().length, 0);
});
