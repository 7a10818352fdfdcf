// What script adds to pages that are whole without it.

const root = document.documentElement;

// Storage may be forbidden or full: the choice then holds for this page only.
function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {}
}

function addThemeSwitch(slot) {
  const next = { system: "light", light: "dark", dark: "system" };
  const spoken = { system: "as the device", light: "light", dark: "dark" };
  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme-switch";

  function show(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.dataset.shows = theme;
    button.title = `Theme: ${spoken[theme]}`;
    button.setAttribute("aria-label", `Theme: ${spoken[theme]}. Change to ${spoken[next[theme]]}`);
  }

  button.addEventListener("click", () => {
    const theme = next[button.dataset.shows];
    keep("theme", theme === "system" ? "" : theme);
    show(theme);
  });
  show(root.dataset.theme || "system");
  slot.append(button);
}

function addCloseButton(banner) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "banner-close";
  button.setAttribute("aria-label", "Close");
  button.addEventListener("click", () => {
    keep("join-banner", "closed");
    root.dataset.banner = "closed";
    // The button that had the focus is gone; without this, Tab would start over at the top.
    document.querySelector("#main").focus({ preventScroll: true });
  });
  banner.prepend(button);
}

// Not every browser lets the keyboard scroll what overflows unless it can take the focus.
function letKeysScroll(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

const slot = document.querySelector("#theme-slot");
if (slot) addThemeSwitch(slot);
const banner = document.querySelector("#join-banner");
if (banner) addCloseButton(banner);
document.querySelectorAll(".prose :is(pre, table, .scroll)").forEach(letKeysScroll);
