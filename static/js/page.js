// Small help on pages that are whole without it.

function addCloseButton(banner) {
  const close = button("banner-close", "", () => {
    keep("banner", "closed");
    root.dataset.banner = "closed";
    // The button that had the focus is gone; without this, Tab would start over at the top.
    document.querySelector("#main").focus({ preventScroll: true });
  });
  close.setAttribute("aria-label", "Close");
  banner.prepend(close);
}

// Not every browser lets the keyboard scroll what overflows unless it can take the focus.
function letKeysScroll(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

async function copy(address, words) {
  await navigator.clipboard.writeText(address);
  tell(words);
}

// The link itself leads to the section; where that is allowed, it is copied as well.
function copySection(event) {
  const link = event.target.closest(".permalink");
  if (link && navigator.clipboard) copy(link.href, "Link to this section copied");
}

async function share() {
  const shared = { title: document.querySelector("h1").textContent, url: location.origin + here };
  try {
    if (navigator.share) await navigator.share(shared);
    else await copy(shared.url, "Link copied");
  } catch (problem) {
    // Who closes the sheet has changed their mind.
    if (problem.name !== "AbortError") tell(shared.url);
  }
}

const banner = document.querySelector("#join-banner");
if (banner) addCloseButton(banner);
document.querySelectorAll(".prose :is(pre, table)").forEach(letKeysScroll);
document.querySelector(".prose")?.addEventListener("click", copySection);
if (navigator.share || navigator.clipboard) {
  const label = navigator.share ? "Share" : "Copy link";
  document.querySelector("#reader-tools")?.append(button("tool tool-share", label, share));
}
