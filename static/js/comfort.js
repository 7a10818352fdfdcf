// "Aa": how the reader wants to read. The choices stay on this device; theme.js applies them.

const CHOICES = {
  size: ["Text size", { small: "Small", "": "Medium", large: "Large", largest: "Largest" }],
  measure: ["Column", { narrow: "Narrow", "": "Medium", wide: "Wide" }],
  face: ["Typeface", { "": "Serif", sans: "Sans" }],
  theme: ["Theme", { "": "Device", light: "Light", dark: "Dark" }],
  keys: ["Single keys", { "": "On", off: "Off" }],
};

// The bar of the browser around the page: of the device's theme, or of the one that was chosen.
const bars = [...document.querySelectorAll("meta[name=theme-color]")];
const colours = bars.map((bar) => bar.content);

function paintBars() {
  const chosen = ["light", "dark"].indexOf(root.dataset.theme);
  bars.forEach((bar, n) => (bar.content = colours[chosen < 0 ? n : chosen]));
}

function choose(name, value) {
  keep(name, value);
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
  paintBars();
}

function group([name, [legend, values]]) {
  const choices = Object.entries(values).map(([value, text]) => {
    const checked = (root.dataset[name] ?? "") === value;
    const onchange = () => choose(name, value);
    const radio = element("input", { type: "radio", name: `reader-${name}`, checked, onchange });
    return element("label", {}, radio, element("span", {}, text));
  });
  const row = element("div", { className: "choices" }, ...choices);
  return element("fieldset", {}, element("legend", {}, legend), row);
}

function addPanel(slot) {
  const name = element("span", { className: "unseen" }, ": reading settings");
  const summary = element("summary", { title: "Reading settings" }, "Aa", name);
  const panel = element("div", { className: "comfort-panel" });
  const details = element("details", { className: "comfort" }, summary, panel);
  const close = () => (details.open = false);

  function help() {
    close();
    dispatchEvent(new Event("help"));
  }

  // Few pages are opened for it, and so it costs the others nothing.
  function fill() {
    const saved = element("a", { href: "/saved" }, "Saved briefs");
    const more = element("p", { className: "comfort-more" });
    more.append(saved, button("plain", "What the keys do", help));
    panel.append(...Object.entries(CHOICES).map(group), more);
  }

  details.addEventListener("toggle", fill, { once: true });
  details.onkeydown = (event) => {
    if (event.key !== "Escape" || !details.open) return;
    close();
    summary.focus();
  };
  // Leaving it by keyboard or pointer closes it.
  details.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !details.contains(relatedTarget)) close();
  });
  document.addEventListener("pointerdown", ({ target }) => details.contains(target) || close());
  slot.append(details);
}

addPanel(document.querySelector("#reader-controls"));
paintBars();
