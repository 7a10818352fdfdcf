// Results as one types, under every search field; Enter leads to the same on a page of its own.

const PAUSE_MS = 120;
const SHOWN = 6;
const KEPT = 40;
const RECENT = 6;

const answers = new Map();
let asking = null;

async function ask(query) {
  if (answers.has(query)) return answers.get(query);
  asking?.abort();
  asking = new AbortController();
  const asked = { q: query, limit: SHOWN, facets: "no", typing: "yes" };
  const address = `/search.json?${new URLSearchParams(asked)}`;
  const response = await fetch(address, { signal: asking.signal });
  if (!response.ok) throw new Error(response.status);
  const answer = await response.json();
  if (answers.size >= KEPT) answers.clear();
  answers.set(query, answer);
  return answer;
}

// What was searched for stays on this device.
function recent() {
  try {
    return [].concat(JSON.parse(localStorage.getItem("searches")) ?? []).map(String);
  } catch {
    return [];
  }
}

function keep(queries) {
  try {
    localStorage.setItem("searches", JSON.stringify(queries.slice(0, RECENT)));
  } catch {}
}

function remember(query) {
  if (query) keep([query, ...recent().filter((text) => text !== query)]);
}

const element = (name, className = "", textContent = "") =>
  Object.assign(document.createElement(name), { className, textContent });

const linkTo = (href, className, text) => Object.assign(element("a", className, text), { href });

function hit(result) {
  const item = element("li");
  const link = linkTo(result.section.url, "quick-hit");
  const title = element("span", "quick-title");
  const passage = element("span", "quick-passage");
  // Both are escaped by the server, which adds <mark> alone.
  title.innerHTML = result.title_html;
  passage.innerHTML = result.snippet_html;
  link.append(title, passage);
  item.append(link);
  return item;
}

function attach(form) {
  const input = form.querySelector("input[type=search]");
  const panel = element("div", "quick");
  const told = element("p", "unseen");
  told.setAttribute("role", "status");
  panel.hidden = true;
  form.append(panel, told);
  let timer = 0;
  let wanted = "";

  const close = () => (panel.hidden = true);
  const leave = () => {
    close();
    input.focus();
  };
  const page = (query) => `${form.action}?${new URLSearchParams({ q: query })}`;

  function show(...content) {
    panel.replaceChildren(...content);
    panel.hidden = false;
  }

  function showAnswer(query, answer) {
    const list = element("ol");
    list.append(...answer.results.map(hit));
    const count = answer.total === 1 ? "1 result" : `${answer.total.toLocaleString()} results`;
    told.textContent = answer.total ? count : "Nothing found";
    const all = answer.total > SHOWN ? `All ${count}` : told.textContent;
    show(list, linkTo(page(query), "quick-all", all));
    if (answer.suggestion) {
      const line = element("p", "quick-line", "Did you mean ");
      line.append(linkTo(page(answer.suggestion), "quick-instead", answer.suggestion), "?");
      panel.prepend(line);
    }
  }

  function showRecent() {
    const kept = recent();
    if (!kept.length) return close();
    const list = element("ol");
    for (const text of kept) {
      const item = element("li");
      item.append(linkTo(page(text), "quick-recent", text));
      list.append(item);
    }
    const clear = element("button", "quick-clear", "Clear recent searches");
    clear.type = "button";
    clear.onclick = () => {
      keep([]);
      leave();
    };
    show(element("p", "quick-line", "Recent searches"), list, clear);
  }

  async function update() {
    wanted = input.value.trim();
    clearTimeout(timer);
    if (!wanted) return showRecent();
    const query = wanted;
    timer = setTimeout(async () => {
      try {
        const answer = await ask(query);
        if (query === wanted) showAnswer(query, answer);
      } catch (problem) {
        if (problem.name !== "AbortError") close();
      }
    }, answers.has(query) ? 0 : PAUSE_MS);
  }

  function step(by) {
    const stops = [input, ...panel.querySelectorAll("a, button")];
    const at = stops.indexOf(document.activeElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + by))].focus();
  }

  input.addEventListener("input", update);
  input.addEventListener("focus", () => input.value.trim() || showRecent());
  form.addEventListener("submit", () => remember(input.value.trim()));
  panel.addEventListener("click", (event) => event.target.closest("a") && remember(wanted));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      leave();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !panel.hidden) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || close());
}

// On a narrow page the masthead has to show its field first.
function open() {
  document.documentElement.dataset.search = "open";
  const input = document.querySelector("form.search input[type=search]");
  input?.focus();
  input?.select();
}

document.querySelectorAll("form.search").forEach(attach);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  const isHeld = event.ctrlKey || event.metaKey;
  const isSlash = event.key === "/" && !isTyping && !isHeld && !event.altKey;
  if (!isSlash && !(event.key.toLowerCase() === "k" && isHeld && !event.shiftKey)) return;
  event.preventDefault();
  open();
});
document.querySelector(".nav .narrow-only a")?.addEventListener("click", (event) => {
  if (!document.querySelector(".search-masthead")) return;
  event.preventDefault();
  open();
});
