// Results as one types, under every search field; Enter leads to their page.

const PAUSE_MS = 120;
const SHOWN = 6;

const answers = new Map();
let asking;

async function ask(query) {
  if (answers.has(query)) return answers.get(query);
  asking?.abort();
  asking = new AbortController();
  const asked = new URLSearchParams({ q: query, limit: SHOWN, facets: "no", typing: "yes" });
  const response = await fetch(`/search.json?${asked}`, { signal: asking.signal });
  if (!response.ok) throw new Error(response.status);
  const answer = await response.json();
  answers.set(query, answer);
  return answer;
}

// What was searched for stays on this device.
function recent() {
  try {
    const kept = [].concat(JSON.parse(localStorage.getItem("searches")));
    return kept.filter((text) => typeof text === "string");
  } catch {
    return [];
  }
}

function keep(queries) {
  try {
    localStorage.setItem("searches", JSON.stringify(queries.slice(0, SHOWN)));
  } catch {}
}

function remember(typed) {
  const query = typed.trim();
  if (query) keep([query, ...recent().filter((text) => text !== query)]);
}

const element = (name, className, ...content) => {
  const made = Object.assign(document.createElement(name), { className });
  made.append(...content);
  return made;
};

const linkTo = (href, className, ...content) =>
  Object.assign(element("a", className, ...content), { href });

const list = (links) => element("ol", "", ...links.map((link) => element("li", "", link)));

function hit(result) {
  const title = element("span", "quick-title");
  const passage = element("span", "quick-passage");
  // Both are escaped by the server, which adds <mark> alone.
  title.innerHTML = result.title_html;
  passage.innerHTML = result.snippet_html;
  return linkTo(result.link, "quick-hit", title, passage);
}

function attach(form) {
  const input = form.querySelector("input[type=search]");
  const panel = element("div", "quick");
  const told = element("p", "unseen");
  told.role = "status";
  panel.hidden = true;
  // In Safari a click focuses no link; the panel then takes it and stays open.
  panel.tabIndex = -1;
  form.append(panel, told);
  let timer;
  let wanted;

  const page = (query) => `${form.action}?${new URLSearchParams({ q: query })}`;
  const links = () => [...panel.querySelectorAll("a, button")];

  function show(...content) {
    panel.replaceChildren(...content);
    panel.hidden = false;
  }

  // What is still on its way must not open the panel again.
  function close() {
    clearTimeout(timer);
    asking?.abort();
    panel.hidden = true;
    if (history.state) history.replaceState(null, "");
  }

  function leave() {
    input.focus();
    close();
  }

  function showAnswer(answer) {
    const count = answer.total === 1 ? "1 result" : `${answer.total.toLocaleString()} results`;
    told.textContent = answer.total ? count : "Nothing found";
    const all = answer.total > SHOWN ? `All ${count}` : told.textContent;
    show(list(answer.results.map(hit)), linkTo(page(wanted), "quick-all", all));
    const other = answer.suggestion;
    if (!other) return;
    const link = linkTo(page(other), "quick-instead", other);
    panel.prepend(element("p", "quick-line", "Did you mean ", link, "?"));
  }

  function showRecent() {
    const kept = recent();
    if (!kept.length) return close();
    const clear = element("button", "quick-clear", "Clear recent searches");
    clear.type = "button";
    clear.onclick = () => {
      keep([]);
      leave();
    };
    const shown = list(kept.map((text) => linkTo(page(text), "quick-recent", text)));
    show(element("p", "quick-line", "Recent searches"), shown, clear);
  }

  async function look() {
    const query = wanted;
    try {
      const answer = await ask(query);
      if (query === wanted) showAnswer(answer);
    } catch (problem) {
      if (problem.name !== "AbortError") close();
    }
  }

  function update() {
    clearTimeout(timer);
    wanted = input.value.trimStart();
    if (!wanted) return showRecent();
    timer = setTimeout(look, answers.has(wanted) ? 0 : PAUSE_MS);
  }

  function choose(event) {
    const link = event.target.closest("a");
    if (!link || !wanted) return;
    remember(new URL(link).searchParams.get("q") ?? wanted);
    history.replaceState({ field: input.id, query: wanted, at: links().indexOf(link) }, "");
  }

  // Back from there, the query is in its field and the panel open at the same place.
  async function restore() {
    const { field, query, at } = history.state ?? {};
    if (field !== input.id) return;
    open(input);
    wanted = input.value = query;
    await look();
    links()[at]?.focus();
  }

  function step(by) {
    const stops = [input, ...links()];
    stops[stops.indexOf(document.activeElement) + by]?.focus();
  }

  input.oninput = update;
  input.onfocus = () => input.value.trim() || showRecent();
  form.onsubmit = () => remember(input.value);
  panel.onclick = choose;
  form.onkeydown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by && event.key !== "Escape") return;
    event.preventDefault();
    if (!by) leave();
    else if (panel.hidden) update();
    else step(by);
  };
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || close());
  addEventListener("pageshow", restore);
}

// On a narrow page the masthead has to show its field first.
function open(input = document.querySelector("form.search input[type=search]")) {
  document.documentElement.dataset.search = "open";
  input.focus();
  input.select();
}

document.querySelectorAll("form.search").forEach(attach);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  const isHeld = event.ctrlKey || event.metaKey;
  const isSlash = event.key === "/" && !isTyping && !isHeld && !event.altKey;
  if (!isSlash && !(event.key.toLowerCase() === "k" && isHeld && !event.shiftKey)) return;
  event.preventDefault();
  open();
});
document.querySelector(".nav .narrow-only a")?.addEventListener("click", (event) => {
  event.preventDefault();
  open();
});
