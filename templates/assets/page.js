// Renders each formula in place; its source stays readable where scripts are off.
document.querySelectorAll(".arithmatex").forEach((element) => {
  const text = element.textContent.trim();
  katex.render(text.slice(2, -2), element, { displayMode: text.startsWith("\\["), throwOnError: true });
});

// What is wider than the page scrolls in its own frame, which a keyboard must be able to reach.
function frames() {
  document.querySelectorAll(".figure__picture, .arithmatex, .md-typeset__scrollwrap").forEach((frame) => {
    const scrolls = frame.scrollWidth > frame.clientWidth + 1 && getComputedStyle(frame).overflowX === "auto";
    if (scrolls) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  });
}

// Each block of code brings a menu, and menus want different names.
function menus() {
  document.querySelectorAll(".md-code__nav").forEach((menu, i) => menu.setAttribute("aria-label", `Code ${i + 1}`));
}

// A picture opens at the size of the window, and closes with a click or Escape.
function enlarge(frame) {
  const shown = [...frame.querySelectorAll("img")].find((picture) => picture.offsetParent);
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", frame.getAttribute("aria-label"));
  dialog.style.cssText = (frame.closest("[style]") || frame).style.cssText;
  const picture = shown.cloneNode();
  picture.loading = "eager";
  dialog.append(picture);
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

window.addEventListener("load", frames);
window.addEventListener("load", menus);
window.addEventListener("resize", frames);
