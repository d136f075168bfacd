// A page with the scripts of the frame, in Node. What is fetched is answered by the test.
import { readFileSync } from "node:fs";
import { Window } from "happy-dom";

const place = new URL("../../static/js/", import.meta.url);
const NAMES = ["window", "document", "location", "localStorage", "navigator", "fetch", "Event", "CustomEvent", "FormData", "URL", "URLSearchParams",
  "Option", "BroadcastChannel", "getComputedStyle", "HTMLElement", "setInterval", "history"];

export function open(html, { scripts = ["app", "drafts", "autosave"], answer = () => ({}), user = "7", posted = "", kept = {} } = {}) {
  const window = new Window({ url: "https://zhixing.example/sessions/new/?item=5" });
  const asked = [];
  window.document.head.innerHTML = '<meta name="csrf-token" content="token">';
  window.document.body.innerHTML = '<div id="messages"></div><main id="main">' + html + "</main>";
  window.document.body.dataset.user = user;
  if (posted) window.document.body.dataset.posted = posted;
  Object.entries(kept).forEach(([name, value]) => window.localStorage.setItem(name, JSON.stringify(value)));
  window.HTMLElement.prototype.scrollIntoView = () => {};
  const fetch = async (url, options = {}) => {
    const told = { url: String(url), method: options.method || "GET", body: options.body };
    asked.push(told);
    const came = await answer(told);
    if (came instanceof Error) throw came;
    const status = came.status || 200;
    return { ok: status < 300, status, type: "basic", headers: { get: () => "application/json" }, json: async () => came.json || {} };
  };
  const given = {
    window, document: window.document, location: window.location, localStorage: window.localStorage, navigator: window.navigator, fetch,
    Event: window.Event, CustomEvent: window.CustomEvent, FormData: window.FormData, URL, URLSearchParams, Option: window.Option,
    BroadcastChannel: undefined, getComputedStyle: window.getComputedStyle.bind(window), HTMLElement: window.HTMLElement,
    setInterval: () => 0, history: window.history
  };
  window.crypto ||= globalThis.crypto;
  scripts.forEach((name) => new Function(...NAMES, readFileSync(new URL(name + ".js", place), "utf8"))(...NAMES.map((one) => given[one])));
  const find = (selector) => window.document.querySelector(selector);
  return {
    window, asked, find,
    kept: () => asked.filter((one) => one.url === "/drafts/keep/").map((one) => JSON.parse(one.body)),
    type(selector, words) {
      const el = find(selector);
      el.value = words;
      el.dispatchEvent(new window.Event("input", { bubbles: true }));
      return el;
    },
    key(selector, key, more = {}) {
      const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
      find(selector).dispatchEvent(event);
      return event;
    }
  };
}
export const later = (ms) => new Promise((done) => setTimeout(done, ms));
