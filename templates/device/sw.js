// Pages come from the network whenever there is one; without it, what this device has kept.
// What is kept of articles is the page's business (saving.js): here it is only read.

const SHELL = "shell-{{ revision }}";
const FILES = {{ shell|tojson }};
const OFFLINE = {{ offline|tojson }};
const ANY = { ignoreVary: true };

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(FILES)));
});

// Pages that are open are not claimed: the browser would give up those kept for the way back.
async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("shell-") && name !== SHELL);
  await Promise.all(old.map((name) => caches.delete(name)));
  await registration.navigationPreload?.enable();
}

addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function page(event, path) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await caches.match(path, ANY)) ?? caches.match(OFFLINE, ANY);
  }
}

// Addresses of files change with their content and so never go stale. Without a network an
// article kept earlier gets today's file in place of its own, and a picture in another size.
async function file(request, path) {
  const kept = await caches.match(request, ANY);
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (problem) {
    const other = await nearest(path);
    if (other) return other;
    throw problem;
  }
}

const bare = (path) =>
  path.startsWith("/images/") ? path.slice(0, 40) : path.replace(/\b[0-9a-f]{8,}\b/g, "");

async function nearest(path) {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (bare(new URL(request.url).pathname) === bare(path)) return cache.match(request, ANY);
    }
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, pathname));
  else if (/^\/(static|images)\//.test(pathname)) event.respondWith(file(request, pathname));
});
