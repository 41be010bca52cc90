"use strict";
// Stretches a pentagon: one feature becomes denser or sparser than the other four, until two antipodal pairs are better.
(function () {
  const { root, form, element, say } = explore.stage("stretch", draw), FEATURES = 5;
  const { relative, pentagon, square, W, best } = JSON.parse(root.dataset.models);
  const ARRANGEMENTS = ["another arrangement", "two antipodal pairs", "pentagon"];
  const drawArrows = explore.arrows(element("arrows"), "given"), plot = explore.set(element("losses"), { viewBox: "0 0 100 60" });
  const words = { setting: ({ setting }) => `${relative[setting].toPrecision(3)} times as dense`, group: ({ group }) => group + 1 };
  const dots = { pentagon: "explore__dot explore__dot--first", square: "explore__dot explore__dot--second" };

  // Both losses over the loss of the square, on a logarithmic axis of density.
  const across = (k) => 2 + (96 * Math.log(relative[k] / relative[0])) / Math.log(relative.at(-1) / relative[0]);
  const ratios = pentagon.map((loss, k) => (loss === null ? null : loss / square[k]));
  const known = ratios.filter((ratio) => ratio !== null), low = Math.min(1, ...known), high = Math.max(1, ...known);
  const up = (ratio) => 57 - (54 * (ratio - low)) / (high - low);
  const line = ratios.flatMap((ratio, k) => (ratio === null ? [] : [`${across(k).toFixed(2)},${up(ratio).toFixed(2)}`])).join(" ");
  plot.append(explore.svg("path", { d: `M2 ${up(1)}H98`, class: "explore__second" }), explore.svg("polyline", { points: line, class: "explore__curve" }));
  const ends = { low: relative[0], high: relative.at(-1), least: low, most: high };
  for (const [part, value] of Object.entries(ends)) say(part, value.toPrecision(2));
  for (const name of Object.keys(dots)) dots[name] = plot.appendChild(explore.svg("circle", { r: 1.8, class: dots[name] }));

  function draw() {
    const { setting, group } = settings.read(), loss = (value) => (value === null ? "none there" : value.toPrecision(4));
    drawArrows(W[setting][group].flat(), FEATURES);
    say("arrangement", ARRANGEMENTS[best[setting][group]]);
    say("pentagon", loss(pentagon[setting]));
    say("square", loss(square[setting]));
    explore.set(dots.square, { cx: across(setting), cy: up(1) });
    explore.set(dots.pentagon, { cx: across(setting), cy: up(ratios[setting] ?? 1), visibility: ratios[setting] === null ? "hidden" : "visible" });
  }

  root.hidden = false;
  const settings = explore.settings(form, words, draw), halt = explore.player(element("play"), form.elements.setting, 3);
  draw();
  element("reset").addEventListener("click", () => {
    halt();
    settings.reset();
  });
  explore.inView(root, () => {}, halt);
})();
