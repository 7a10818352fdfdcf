// Stands in the head and blocks on purpose: what the reader chose must hold before the first paint.
(function () {
  var chosen = document.documentElement.dataset;
  var known = {
    theme: "light dark",
    size: "small large largest",
    measure: "narrow wide",
    face: "sans",
    keys: "off",
    banner: "closed",
  };
  chosen.script = "on";
  try {
    for (var name in known) {
      var value = localStorage.getItem(name);
      if (value && known[name].split(" ").includes(value)) chosen[name] = value;
    }
  } catch (e) {
    // Storage may be forbidden; the page is then as it is for a first visit.
  }
})();
