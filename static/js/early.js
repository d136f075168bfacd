// Runs in <head> before the first paint: says that there is script, and keeps 大字版 from flickering.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    if (localStorage.getItem("zx-font") === "large") root.classList.add("font-large");
  } catch (e) { /* storage may be switched off */ }
})();
