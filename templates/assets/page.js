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

window.addEventListener("load", frames);
window.addEventListener("load", menus);
window.addEventListener("resize", frames);
