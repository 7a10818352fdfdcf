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
  if (!response.ok) throw response;
  const answer = await response.json();
  answers.set(query, answer);
  return answer;
}

// What was searched for stays on this device.
function recent() {
  try {
    const kept = [].concat(JSON.parse(localStorage.searches));
    return kept.filter((text) => typeof text === "string");
  } catch {
    return [];
  }
}

function keep(queries) {
  try {
    localStorage.searches = JSON.stringify(queries.slice(0, SHOWN));
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

// The server escapes all but <mark>.
const marked = (className, innerHTML) => Object.assign(element("span", className), { innerHTML });

function hit({ link, title_html, snippet_html }) {
  const title = marked("quick-title", title_html);
  return linkTo(link, "quick-hit", title, marked("quick-passage", snippet_html));
}

function attach(form) {
  const input = form.elements.q;
  const panel = element("div", "quick");
  const told = element("p", "unseen");
  told.role = "status";
  panel.hidden = true;
  // In Safari a click focuses no link; the panel then takes it and stays open.
  panel.tabIndex = -1;
  form.append(panel, told);
  let timer;
  let wanted;

  const search = (query, className, text = query) =>
    linkTo(`${form.action}?${new URLSearchParams({ q: query })}`, className, text);
  const stops = () => [input, ...panel.querySelectorAll("a, button")];

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
    told.textContent = answer.total_in_words;
    const line = element("p", "quick-line", told.textContent);
    const other = answer.suggestion;
    if (other) line.append(". Did you mean ", search(other, "quick-instead"), "?");
    const query = answer.is_begun ? `${wanted}*` : wanted;
    const all = search(query, "quick-all", answer.total ? "All results" : "What may help");
    show(line, list(answer.results.map(hit)), all);
  }

  function showRecent() {
    const kept = recent();
    if (!kept.length) return close();
    const shown = list(kept.map((text) => search(text, "quick-recent")));
    const clear = element("button", "quick-clear", "Clear recent searches");
    clear.type = "button";
    clear.onclick = () => {
      keep([]);
      leave();
    };
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
    if (wanted) timer = setTimeout(look, answers.has(wanted) ? 0 : PAUSE_MS);
    else showRecent();
  }

  function choose(event) {
    const link = event.target.closest("a");
    if (!link || !wanted) return;
    remember(new URL(link).searchParams.get("q") ?? wanted);
    history.replaceState({ field: input.id, wanted, at: stops().indexOf(link) }, "");
  }

  // Back from there, the query is in its field and the panel open at the same place.
  async function restore() {
    const left = history.state;
    if (left?.field !== input.id) return;
    wanted = input.value = left.wanted;
    open(input);
    await look();
    stops()[left.at]?.focus();
  }

  function step(by) {
    stops()[stops().indexOf(document.activeElement) + by]?.focus();
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

// On a narrow page the field has to be shown first.
function open(input = document.querySelector("form.search").elements.q) {
  document.documentElement.dataset.search = "open";
  input.focus();
  input.select();
}

function start(event) {
  event.preventDefault();
  open();
}

document.querySelectorAll("form.search").forEach(attach);
document.querySelector(".nav .narrow-only a")?.addEventListener("click", start);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  const isHeld = event.ctrlKey || event.metaKey;
  const isOff = document.documentElement.dataset.keys === "off";
  const isSlash = event.key === "/" && !isTyping && !isHeld && !event.altKey && !isOff;
  const isK = event.key.toLowerCase() === "k" && isHeld && !event.shiftKey;
  if (isSlash || isK) start(event);
});
