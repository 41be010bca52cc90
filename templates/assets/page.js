// Renders each formula in place; its source stays readable where scripts are off.
document.querySelectorAll(".arithmatex").forEach((element) => {
  const text = element.textContent.trim();
  katex.render(text.slice(2, -2), element, { displayMode: text.startsWith("\\["), throwOnError: true });
});

// What is wider than the page scrolls in its own frame, which a keyboard must be able to reach.
const frames = document.querySelectorAll(".figure__picture, .arithmatex, .md-typeset__table");
const update = () => frames.forEach((frame) => {
  if (frame.scrollWidth > frame.clientWidth + 1 && getComputedStyle(frame).overflowX === "auto") frame.tabIndex = 0;
  else frame.removeAttribute("tabindex");
});
window.addEventListener("load", update);
window.addEventListener("resize", update);
