// Saved and read briefs, without an account: two lists and their pages, kept by this device alone.

const LONGEST = { saved: 200, read: 200 };
const KEPT_READ = 30;
const KEPT_PICTURES = 240;
const SETTLING_MS = 3000;
const CARDS = "main :is(.card, .lead, .hit)";
const TITLE = ":is(.card-title, .lead-title, .hit-title) a";

const isIn = (name, path) => briefs(name).some((brief) => brief.path === path);
const without = (name, path) => briefs(name).filter((brief) => brief.path !== path);
const write = (name, list) => keep(name, JSON.stringify(list.slice(0, LONGEST[name])));

function describe(path, title, summary) {
  return {
    path,
    title: title.textContent.trim(),
    summary: summary?.textContent.trim().slice(0, 400) ?? "",
    lang: title.closest("[lang]").lang,
    dir: title.closest("[dir]").dir,
    at: Date.now(),
  };
}

function briefOf(card) {
  const link = card.querySelector(TITLE);
  return describe(link.pathname, link, card.querySelector(".card-summary, .lead-summary, .passage"));
}

const thisBrief = () =>
  describe(here, document.querySelector("h1"), document.querySelector(".standfirst"));

// What was kept longer ago is fetched anew: it may have been corrected, or withdrawn.
const DAY_MS = 86_400_000;
const isOfToday = (page) => Date.now() - Date.parse(page.headers.get("date")) < DAY_MS;

// The shelf holds what the lists say, no more and no less; what is missing is fetched.
async function fillShelf() {
  if (!("caches" in window)) return;
  const shelf = await caches.open("articles");
  const listed = [...briefs("saved"), ...briefs("read").slice(0, KEPT_READ)];
  const paths = new Set(listed.map((brief) => brief.path));
  for (const request of await shelf.keys()) {
    const { pathname } = new URL(request.url);
    if (!paths.has(pathname)) await shelf.delete(request);
    else if (pathname !== here && isOfToday(await shelf.match(request))) paths.delete(pathname);
  }
  // One after the other; without a network they are fetched another time.
  for (const path of paths) await put(shelf, path);
}

const everywhere = (change) => ["saved", "read"].forEach((name) => write(name, change(name)));

async function put(shelf, path) {
  const cache = path === here ? "force-cache" : "no-cache";
  const page = await fetch(path, { headers: { Accept: "text/html" }, cache });
  const now = new URL(page.url).pathname;
  const isGone = page.status === 404 || page.status === 410;
  if (isGone || now !== path) {
    await shelf.delete(path);
    const moved = (brief) => (brief.path === path ? { ...brief, path: now } : brief);
    everywhere((name) => (isGone ? without(name, path) : briefs(name).map(moved)));
    return show();
  }
  if (!page.ok) return;
  const html = await page.clone().text();
  await shelf.put(path, page);
  const other = new DOMParser().parseFromString(html, "text/html");
  const images = (path === here ? document : other).querySelectorAll(".story img");
  const pictures = await caches.open("pictures");
  const shown = new Set([...images].map((image) => image.currentSrc || image.src));
  await Promise.allSettled([...shown].map((address) => pictures.add(address)));
  const kept = await pictures.keys();
  await Promise.all(kept.slice(0, -KEPT_PICTURES).map((old) => pictures.delete(old)));
}

function toggle(brief) {
  const isSaved = isIn("saved", brief.path);
  const others = without("saved", brief.path);
  write("saved", isSaved ? others : [brief, ...others]);
  if (isSaved) tell("No longer saved");
  else tell("Saved on this device. ", element("a", { href: "/saved" }, "All saved briefs"));
  show();
  fillShelf().catch(() => {});
}

function showButton() {
  const isSaved = isIn("saved", here);
  saver.textContent = isSaved ? "Saved" : "Save";
  saver.setAttribute("aria-pressed", isSaved);
}

function showMarks() {
  const paths = (name) => new Set(briefs(name).map((brief) => brief.path));
  const [saved, read] = [paths("saved"), paths("read")];
  for (const card of document.querySelectorAll(CARDS)) {
    const path = card.querySelector(TITLE)?.pathname;
    const marks = [saved.has(path) && "Saved", read.has(path) && "Read"].filter(Boolean);
    card.classList.toggle("is-read", read.has(path));
    card.querySelectorAll(".own-mark").forEach((mark) => mark.remove());
    const made = marks.map((mark) => element("span", { className: "own-mark" }, mark));
    card.querySelector(".meta")?.append(...made);
  }
}

function row(name, brief) {
  const { path, title, summary, lang, dir, at } = brief;
  const on = new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
  const remove = button("plain", "Remove", () => {
    write(name, without(name, path));
    fillShelf();
    showShelf();
    document.querySelector("#main").focus({ preventScroll: true });
    tell(`Removed: ${title}`);
  });
  remove.setAttribute("aria-label", `Remove: ${title}`);
  const card = element(
    "article",
    { className: "card card-row", dir },
    element("h3", { className: "card-title", lang }, element("a", { href: path }, title)),
    element("p", { className: "card-summary", lang }, summary),
    element("p", { className: "meta" }, element("span", {}, `${SAID[name]} ${on}`), remove),
  );
  return element("li", {}, card);
}

const SAID = { saved: "Saved", read: "Read" };

function part(name, heading, nothing, list) {
  const rows = element("ul", { className: "cards-rows" }, ...list.map((brief) => row(name, brief)));
  const clear = button("plain", "Forget them all", () => {
    write(name, []);
    fillShelf();
    showShelf();
    document.querySelector("#main").focus({ preventScroll: true });
  });
  const end = list.length ? [rows, clear] : [element("p", { className: "page-note" }, nothing)];
  return element("section", {}, element("h2", { className: "rubric" }, heading), ...end);
}

function showShelf() {
  const read = briefs("read").slice(0, KEPT_READ);
  shelf.replaceChildren(
    part("saved", "To read later", "Nothing yet. “Save” on a brief, or the key s, puts it here.", briefs("saved")),
    part("read", "Read lately", "Nothing yet.", read),
  );
}

function show() {
  if (saver) showButton();
  if (shelf) showShelf();
  else showMarks();
}

function markAsRead() {
  write("read", [thisBrief(), ...without("read", here)]);
  // Who leaves at once has not read it, and costs nothing more.
  setTimeout(fillShelf, SETTLING_MS);
}

// A page made ready before the click has not been read yet.
function whenShown(then) {
  if (document.prerendering) document.addEventListener("prerenderingchange", then, { once: true });
  else then();
}

// A device that says it is online may have no way to the site yet; the next time it says so will do.
async function reloadIfThereIsANetwork() {
  const isThere = await fetch("/healthz").then((answer) => answer.ok, () => false);
  if (isThere) location.reload();
}

const shelf = document.querySelector("#reader-shelf");
const isBrief = isArticle(here) && document.querySelector(".story");
const saver = isBrief && button("tool tool-save", "Save", () => toggle(thisBrief()));
if (saver) {
  document.querySelector("#reader-tools").prepend(saver);
  whenShown(markAsRead);
}
show();
if (shelf) fillShelf().catch(() => {});
addEventListener("storage", show);
addEventListener("pageshow", (event) => event.persisted && show());
// Asked for by a key: the brief in whose card the focus is, or this one.
addEventListener("save", ({ detail }) => {
  if (detail) toggle(briefOf(detail));
  else if (saver) toggle(thisBrief());
});
if (shelf?.dataset.shelf === "offline") addEventListener("online", reloadIfThereIsANetwork);
addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));
