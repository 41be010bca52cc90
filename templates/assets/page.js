// What is wider than the page scrolls in its own frame, which a keyboard must be able to reach.
function frames() {
  document.querySelectorAll(".figure__picture, div.arithmatex, .md-typeset__scrollwrap").forEach((frame) => {
    const scrolls = frame.scrollWidth > frame.clientWidth + 1 && getComputedStyle(frame).overflowX === "auto";
    if (scrolls) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  });
}

// Each block of code brings a menu, and menus want different names.
function menus() {
  document.querySelectorAll(".md-code__nav").forEach((menu, i) => menu.setAttribute("aria-label", `Code ${i + 1}`));
}

// What a link, a number, a verdict or a symbol stands for, beside it while a pointer or the keyboard is on it.
const tip = Object.assign(document.createElement("div"), { id: "preview", className: "preview", hidden: true });
tip.setAttribute("role", "tooltip");
document.body.append(tip);

function filled(link) {
  const { picture, formula, title } = link.dataset;
  if (!picture && !formula && !title) return false;
  tip.replaceChildren();
  if (picture) {
    const dark = document.body.dataset.mdColorScheme === "slate";
    tip.append(Object.assign(new Image(), { src: `${picture}/${dark ? "dark" : "light"}.svg`, alt: "" }));
  }
  if (formula) tip.insertAdjacentHTML("beforeend", formula);
  if (title) tip.append(Object.assign(document.createElement("p"), { textContent: title }));
  return true;
}

let current = null;

function place() {
  const { left, top, bottom } = current.getBoundingClientRect();
  const most = document.documentElement.clientWidth - tip.offsetWidth - 8;
  const above = bottom + tip.offsetHeight + 8 > innerHeight && top > tip.offsetHeight + 8;
  tip.style.left = `${Math.max(8, Math.min(left, most)) + scrollX}px`;
  tip.style.top = `${(above ? top - tip.offsetHeight : bottom) + scrollY}px`;
}

function show({ target }) {
  if (tip.contains(target)) return;
  const link = target.closest(".value, .badge, .symbol, .ref");
  if (link === current && link) return;
  hide();
  if (!link || !link.closest("main")) return;
  if (link.title) {
    link.dataset.title = link.title;
    link.removeAttribute("title");
  }
  if (!filled(link)) return;
  current = link;
  link.setAttribute("aria-describedby", tip.id);
  tip.hidden = false;
  place();
  tip.querySelector("img")?.addEventListener("load", () => current === link && place());
}

function hide() {
  tip.hidden = true;
  current?.removeAttribute("aria-describedby");
  current = null;
}

document.addEventListener("pointerover", show);
document.addEventListener("focusin", show);
document.addEventListener("focusout", hide);
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") tip.hidden = true;
});

// The first of each symbol on a page can be reached with the keyboard.
const seen = new Set();
document.querySelectorAll(".symbol").forEach((symbol) => {
  if (!seen.has(symbol.title)) symbol.tabIndex = 0;
  seen.add(symbol.title);
});

// A picture opens at the size of the window, and closes with a click or Escape.
function enlarge(frame) {
  const shown = [...frame.querySelectorAll("img")].find((picture) => picture.offsetParent);
  if (!shown) return;
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", frame.getAttribute("aria-label"));
  dialog.style.cssText = (frame.closest("[style]") || frame).style.cssText;
  const picture = shown.cloneNode();
  picture.loading = "eager";
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  dialog.append(close, picture);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.querySelectorAll(".figure__picture").forEach((frame) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "figure__enlarge";
  button.textContent = "Enlarge";
  button.setAttribute("aria-label", `Enlarge ${frame.getAttribute("aria-label").toLowerCase()}`);
  button.addEventListener("click", () => enlarge(frame));
  frame.addEventListener("click", () => enlarge(frame));
  frame.after(button);
});

// A search is answered while it is typed; its form has nowhere to go.
document.querySelector(".md-search__form")?.addEventListener("submit", (event) => event.preventDefault());

// On paper, verdicts are not hidden, and everything is dark on white, but for a picture of which only the dark form is loaded.
let scheme = null;
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details.claims").forEach((claims) => (claims.open = true));
  document.querySelectorAll(".figure__picture").forEach((frame) => {
    const [light, dark] = frame.querySelectorAll("img");
    frame.classList.toggle("figure__picture--dark", !light.naturalWidth && dark?.naturalWidth > 0);
  });
  document.querySelectorAll('img[loading="lazy"]').forEach((picture) => (picture.loading = "eager"));
  scheme = document.body.dataset.mdColorScheme;
  document.body.dataset.mdColorScheme = "default";
});
window.addEventListener("afterprint", () => (document.body.dataset.mdColorScheme = scheme));

window.addEventListener("load", frames);
window.addEventListener("load", menus);
window.addEventListener("resize", frames);
