"use strict";
// Reads the code of a model with a hidden ReLU: which neurons one or two features switch on, and which outputs say what is true.
(function () {
  const { root, form, element, say } = explore.stage("code", draw), HALF = 0.5;
  const { density, W, b } = JSON.parse(root.dataset.models), [CELL, WIDE, LEFT, OUTPUTS, UNIT, TOP, TALL] = [10, 11, 7, 66, 18, 8, 132];
  const features = b[0].map((_, i) => i), neurons = W[0].map((_, a) => a);
  const picture = explore.set(element("code"), { viewBox: `0 ${-TOP} 100 ${TALL}` });
  const add = (tag, attributes, parent = picture) => parent.appendChild(explore.svg(tag, attributes));
  const label = (x, y, text = "", parent = picture) => Object.assign(add("text", { x, y }, parent), { textContent: text });
  const middle = (a) => LEFT + WIDE * (a + 0.5), list = (items) => items.join(", ").replace(/, ([^,]+)$/, " and $1");
  const words = {
    density: (values) => density[values.density],
    feature: (values) => `${values.feature}: ${meaning(values.feature, codes(W[values.density]))}`,
  };

  // The code of each feature: 1 and -1 for strong weights, if the feature is represented (sup.codes.code_words).
  function codes(weights) {
    return features.map((i) => {
      const own = weights.map((row) => row[i]), least = HALF * Math.max(...own);
      const represented = Math.hypot(...own.map((weight) => Math.max(0, weight))) >= HALF;
      return own.map((weight) => (represented && Math.abs(weight) >= least ? Math.sign(weight) : 0));
    });
  }

  function meaning(i, every) {
    const [up, down] = [1, -1].map((sign) => neurons.filter((a) => every[i][a] === sign));
    const alone = up.length === 1 && every.filter((code) => code[up[0]] > 0).length === 1;
    if (!up.length) return "no word";
    const where = alone ? "dedicated to neuron" : up.length > 1 ? "on neurons" : "on neuron";
    return `${where} ${list(up)}${down.length ? `, against ${list(down)}` : ""}`;
  }

  // ReLU(W^T ReLU(W x) + b) with x = 1 for the active features, and with or without the negative weights on each of the two ways.
  function forward(weights, bias, active, negative) {
    const [into, out] = [1, 2].map((way) => (weight) => (negative & way ? Math.max(0, weight) : weight));
    const h = weights.map((row) => Math.max(0, active.reduce((sum, i) => sum + into(row[i]), 0)));
    return { h, y: bias.map((start, i) => Math.max(0, weights.reduce((sum, row, a) => sum + out(row[i]) * h[a], start))) };
  }

  label(middle(2), -4, "weights");
  label(OUTPUTS + UNIT / 2, -4, "outputs");
  const rows = features.map((i) => {
    const y = CELL * i, at = y + CELL / 2, back = add("rect", { y, width: 100, height: CELL, class: "explore__row" });
    label(3.5, at, i);
    const cells = neurons.map((a) => add("rect", { x: LEFT + WIDE * a + 0.2, y: y + 0.2, width: WIDE - 0.4, height: CELL - 0.4 }));
    const signs = neurons.map((a) => label(middle(a), at)), bar = add("rect", { x: OUTPUTS, y: y + 2, height: CELL - 4 });
    return { back, cells, signs, bar, wanted: add("path", { class: "explore__wanted" }), number: label(94, at), y };
  });
  const columns = neurons.map((a) => {
    label(middle(a), 119.5, a);
    return [add("circle", { cx: middle(a), cy: 105.5, r: 3.6, class: "explore__lamp" }), label(middle(a), 113)];
  });
  label(OUTPUTS + UNIT / 2, 119.5, "neurons");

  const activeOf = ({ feature, second }) => [...new Set([feature, second])].filter((i) => i >= 0);

  function draw() {
    const values = settings.read(), weights = W[values.density], every = codes(weights), active = activeOf(values);
    const { h, y } = forward(weights, b[values.density], active, values.negative);
    const worded = features.filter((i) => every[i].includes(1));
    const [read, missed] = [true, false].map((right) => active.filter((i) => y[i] >= HALF === right));
    const wrong = worded.filter((i) => !active.includes(i) && y[i] >= HALF);
    rows.forEach((row, i) => {
      const wanted = OUTPUTS + UNIT * active.includes(i), kind = read.includes(i) ? "right" : wrong.includes(i) ? "wrong" : "rest";
      row.back.dataset.on = active.includes(i);
      neurons.forEach((a) => {
        explore.set(row.cells[a], { style: `fill: ${explore.weightColour(weights[a][i])}` });
        row.signs[a].textContent = ["−", "", "+"][every[i][a] + 1];
        row.signs[a].dataset.strong = Math.abs(weights[a][i]) > 0.6;
      });
      explore.set(row.bar, { width: UNIT * Math.min(y[i], 1.2), class: `explore__output explore__output--${kind}` });
      explore.set(row.wanted, { d: `M${wanted} ${row.y + 0.8}v${CELL - 1.6}` });
      row.number.textContent = y[i].toFixed(2);
    });
    columns.forEach(([lamp, number], a) => {
      explore.set(lamp, { "fill-opacity": Math.min(1, h[a]) });
      number.textContent = h[a].toFixed(2);
    });
    const shown = (found) => list(found.map((i) => `${i} (${y[i].toFixed(2)})`)) || "none";
    for (const [part, found] of Object.entries({ read, missed, wrong })) say(part, shown(found));
    say("word", active.map((i) => every[i].map((sign) => ["−", "0", "+"][sign + 1]).join(" ")).join(" and "));
    const sentences = active.map((i) => `Feature ${i}: ${meaning(i, every)}.`);
    say("said", `${sentences.join(" ")} ${worded.length} of ${features.length} features have a word.`);
  }

  function python(values) {
    const [into, out] = ["W", "W.mT"].map((name, way) => (values.negative & (way + 1) ? `${name}.clamp(min=0)` : name));
    return `import torch
import sup

W = torch.tensor([${JSON.stringify(W[values.density])}])
b = torch.tensor([${JSON.stringify(b[values.density])}])
x = torch.zeros(1, 1, ${features.length})
x[..., [${activeOf(values)}]] = 1.0
print(sup.${values.negative ? `absolute(x, ${into}, ${out}, b)` : "relu_hidden(x, W, b)"})
`;
  }

  root.hidden = false;
  const settings = explore.settings(form, words, draw);
  draw();
  picture.addEventListener("click", ({ clientY }) => {
    const box = picture.getBoundingClientRect(), row = Math.floor((((clientY - box.top) / box.height) * TALL - TOP) / CELL);
    if (!(row in features)) return;
    form.elements.feature.value = row;
    settings.save();
  });
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
})();
