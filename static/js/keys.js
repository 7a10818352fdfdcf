// Single keys, which the reader can switch off (WCAG 2.2, 2.1.4): j k o s ?; search.js has the slash.

const CARD = ".card, .lead, .hit";
const TITLES = "main :is(.lead-title, .card-title, .hit-title) a";
const KEYS = [
  ["j", "Next brief"],
  ["k", "Previous brief"],
  ["o", "Open the brief (Enter does, too)"],
  ["s", "Save it to read later, or take it off the list"],
  ["/", "Search"],
  ["?", "This help"],
];

const titles = () => [...document.querySelectorAll(TITLES)];
const focusedCard = () => document.activeElement.closest(CARD);

// The order of the listing that one came from leads on from brief to brief.
function order() {
  try {
    return [].concat(JSON.parse(sessionStorage.getItem("order")).paths);
  } catch {
    return [];
  }
}

function rememberOrder() {
  const paths = titles().map((link) => link.pathname);
  try {
    if (!isArticle(here) && paths.length) sessionStorage.setItem("order", JSON.stringify({ paths }));
  } catch {}
}

function step(by) {
  const paths = order();
  const at = isArticle(here) ? paths.indexOf(here) : -1;
  const next = at < 0 ? undefined : paths[at + by];
  if (typeof next === "string" && isArticle(next)) location.assign(next);
  else focusNext(by);
}

function focusNext(by) {
  const links = titles();
  const card = focusedCard();
  let at = links.findIndex((link) => card?.contains(link));
  if (at < 0) {
    // From the top of what is on the screen.
    at = links.findIndex((link) => link.getBoundingClientRect().top >= 0);
    if (by > 0) at -= 1;
  }
  const link = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  link?.focus();
  link?.closest(CARD).scrollIntoView({ block: "nearest" });
}

function open() {
  focusedCard()?.querySelector(":is(.lead-title, .card-title, .hit-title) a").click();
}

let dialog;

function help() {
  if (dialog?.open) return dialog.close();
  if (!dialog) {
    const rows = KEYS.flatMap(([key, text]) => [
      element("dt", {}, element("kbd", {}, key)),
      element("dd", {}, text),
    ]);
    const title = element("h2", { id: "reader-keys" }, "Keys");
    const note = element("p", {}, "They can be switched off under “Aa”, at the top of every page.");
    const close = button("button", "Close", () => dialog.close());
    dialog = element("dialog", { className: "help" }, title, element("dl", {}, ...rows), note, close);
    dialog.setAttribute("aria-labelledby", "reader-keys");
    document.body.append(dialog);
  }
  dialog.showModal();
}

const DEEDS = {
  j: () => step(1),
  k: () => step(-1),
  o: open,
  s: () => dispatchEvent(new CustomEvent("save", { detail: focusedCard() })),
  "?": help,
};

rememberOrder();
addEventListener("pageshow", (event) => event.persisted && rememberOrder());
addEventListener("help", help);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  const isHeld = event.ctrlKey || event.metaKey || event.altKey;
  const isOther = dialog?.open && event.key !== "?";
  if (root.dataset.keys === "off" || isTyping || isHeld || isOther || event.defaultPrevented) return;
  const deed = Object.hasOwn(DEEDS, event.key) && DEEDS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});
