// Stands in the head and blocks on purpose: what the reader chose must hold before the first paint.
(function () {
  var root = document.documentElement;
  root.dataset.script = "on";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("join-banner") === "closed") root.dataset.banner = "closed";
  } catch (e) {
    // Storage may be forbidden; the page is then as it is for a first visit.
  }
})();
