// For the score sheet at the session alone: once opened, it opens without network. The newest answer of the server is kept
// with what the page loads; log-out takes it away (drafts.js). Needs https or localhost: browsers allow it nowhere else.
"use strict";
var KEPT = "zx-onsite";

function isSheet(request) { return request.mode === "navigate" && /^\/visits\/\d+\/score\/$/.test(new URL(request.url).pathname); }
function isPart(request) { return new URL(request.url).pathname.indexOf("/static/") === 0; }
function keep(request, answer) {
  var copy = answer.clone();
  return caches.open(KEPT).then(function (box) { return box.put(request.url, copy); }).then(function () { return answer; });
}
self.addEventListener("install", function () { self.skipWaiting(); });
self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });
self.addEventListener("message", function (event) { // what the first opening loaded before this worker stood
  event.waitUntil(caches.open(KEPT).then(function (box) {
    return Promise.all((event.data || []).map(function (url) { return box.add(new Request(url, { credentials: "same-origin" })).catch(function () { /* the next opening */ }); }));
  }));
});
self.addEventListener("fetch", function (event) {
  var request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  if (!isSheet(request) && !isPart(request)) return;
  event.respondWith(fetch(request).then(function (answer) {
    return answer.ok && !answer.redirected && answer.type === "basic" ? keep(request, answer) : answer;
  }).catch(function (error) {
    return caches.open(KEPT).then(function (box) { return box.match(request.url); }).then(function (answer) {
      if (!answer) throw error;
      return answer;
    });
  }));
});
