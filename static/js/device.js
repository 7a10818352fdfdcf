// What the parts of the page's script share: what this device keeps, elements, a word to the reader.

const root = document.documentElement;
const here = location.pathname;
const isArticle = (path) => /^\/articles\/[^/]+$/.test(path);

// Storage may be forbidden or full: a choice then holds for this page only.
function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {}
}

// Briefs that this device keeps, newest first; what is damaged is passed over.
function briefs(name) {
  try {
    return JSON.parse(localStorage.getItem(name)).filter(
      (brief) => typeof brief?.title === "string" && isArticle(brief.path),
    );
  } catch {
    return [];
  }
}

function element(name, properties, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

const button = (className, text, onclick) =>
  element("button", { type: "button", className, onclick }, text);

// Said on the screen for a while, and by screen readers.
const told = element("p", { className: "told" });
told.role = "status";
document.body.append(told);
let silence;

function tell(...words) {
  clearTimeout(silence);
  told.replaceChildren(...words);
  silence = setTimeout(() => told.replaceChildren(), 5000);
}
