"use strict";
// Asymmetric superposition with inhibition: what each neuron gives to the outputs, in the ideal motif and in a trained model.
(function () {
  const { root, form, element, say } = explore.stage("motif", draw), NAMES = ["loud", "quiet", "third"];
  const { W1, W2, b, pairs } = JSON.parse(root.dataset.models);
  const picture = explore.set(element("bench"), { viewBox: "0 0 100 121" }), relu = (x) => Math.max(0, x);
  const add = (tag, attributes) => picture.appendChild(explore.svg(tag, attributes));
  const label = (x, y, text, more = {}) => Object.assign(add("text", { x, y, ...more }), { textContent: text });
  const number = (value) => value.toFixed(2).replace("-0.00", "0.00").replace("-", "−");
  const x = (name) => (values) => `x${model(values).features[NAMES.indexOf(name)]} = ${number(values[name])}`;
  const words = {
    loud: x("loud"),
    quiet: x("quiet"),
    third: x("third"),
    factor: ({ kind, factor }) => (kind > 1 ? "as trained" : factor.toFixed(1)),
  };

  // The ideal motif for the loud and the quiet feature, its first two neurons; others do the sides that these two leave. A shared
  // inhibitor also returns one side of the third feature, with weights as unequal as those of the shared neuron.
  function ideal(s, shared) {
    const own = [[-1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]].slice(0, shared ? 3 : 4);
    return {
      into: [[s, -1 / s, 0], [1, 0, shared ? s * s : 0], ...own],
      out: [[1 / s, s, 0], [0, -s * s, shared ? 1 / (s * s) : 0], ...own.map((row) => row.map(Math.abs))],
      bias: [0, 0, 0], neuron: 0, inhibitor: 1, features: [0, 1, 2],
    };
  }

  // A pair of the trained model: the neuron that returns both features, the one that takes most of its leak away (sup.motifs), and
  // as a third feature the one that the inhibitor hears most of the others. Signs are turned so that the shared neuron hears the loud
  // feature's positive side and the quiet one's negative side, and the inhibitor the third one's positive side.
  function trained([loud, quiet]) {
    const best = (score) => score.indexOf(Math.max(...score)), gain = (k, i) => Math.abs(W1[k][i]) * W2[k][i];
    const neuron = best(W1.map((_, k) => Math.min(gain(k, loud), gain(k, quiet)))), side = Math.sign(W1[neuron][loud]);
    const inhibitor = best(W1.map((row, k) => -W2[k][quiet] * relu(side * row[loud])));
    const third = best(W1[inhibitor].map((weight, i) => (i === loud || i === quiet ? -1 : Math.abs(weight))));
    const turn = { [loud]: side, [quiet]: -Math.sign(W1[neuron][quiet]), [third]: Math.sign(W1[inhibitor][third]) };
    const into = W1.map((row) => row.map((weight, i) => (turn[i] || 1) * weight));
    return { into, out: W2, bias: b, neuron, inhibitor, features: [loud, quiet, third] };
  }

  const model = ({ kind, factor }) => (kind > 1 ? trained(pairs[kind - 2]) : ideal(factor, kind === 1));
  const input = ({ features, bias }, given) => bias.map((_, i) => given[NAMES[features.indexOf(i)]] ?? 0);

  // What each neuron gives to each output before the ReLU, and the outputs: ReLU(W2 ReLU(W1 x) + b), with or without the inhibitor.
  function forward({ into, out, bias, inhibitor }, given, acts) {
    const h = into.map((row, k) => (k === inhibitor && !acts ? 0 : relu(row.reduce((sum, weight, i) => sum + weight * given[i], 0))));
    const parts = out.map((row, k) => row.map((weight) => weight * h[k]));
    return { h, parts, y: bias.map((start, j) => relu(parts.reduce((sum, part) => sum + part[j], start))) };
  }

  const [across, up] = [(value) => 52 + 46 * value, (value) => 62 - 30 * value];
  const points = Array.from({ length: 81 }, (_, k) => k / 40 - 1);
  for (const d of ["M6 62H98", "M52 62V2", "M6 32h2", "M6 2h2"]) add("path", { d, class: "explore__thin" });
  for (const value of [1, 2]) label(2.5, up(value) + value - 1, value);
  ["−1", "0", "1"].forEach((text, k) => label([6, 52, 97][k], 67, text));
  const line = (kind, points = "") => add("polyline", { class: `explore__line explore__line--${kind}`, points });
  const lines = ["wanted", "wanted", "without", "quiet", "loud"].map((kind, k) => {
    const [x, y] = [k % 2 ? 0 : 46, k > 2 ? 76 : 82];
    if (k) label(x + 11, y, ["", "wanted", "without inhibitor", "quiet output", "loud output"][k], { style: "text-anchor: start" });
    if (k) line(kind, `${x},${y} ${x + 9},${y}`);
    return line(kind);
  });
  const cursor = add("path", { class: "explore__thin" }), bars = [], heights = [8, 26].map((x) => label(x, 0, ""));
  ["shared", "inhibits", "others"].forEach((text, k) => label([8, 26, 68][k], 118, text));

  function draw() {
    const values = settings.read(), now = model(values), { features, neuron, inhibitor, bias } = now, acts = values.inhibitor;
    const { h, parts, y } = forward(now, input(now, values), acts);
    const rest = [...h.keys()].filter((k) => k !== neuron && k !== inhibitor);
    form.elements.factor.disabled = values.kind > 1;

    const output = (loud, k, acting) => forward(now, input(now, { ...values, loud }), acting).y[features[k]];
    const shown = points.map((x) => [Math.abs(x), Math.abs(values.quiet), output(x, 1, 0), output(x, 1, acts), output(x, 0, acts)]);
    lines.forEach((line, k) => line.setAttribute("points", shown.map((all, n) => `${across(points[n])},${up(all[k])}`).join(" ")));
    cursor.setAttribute("d", `M${across(values.loud)} 2V62`);

    while (bars.length > h.length) bars.pop().remove();
    [neuron, inhibitor, ...rest].forEach((k, place) => {
      const step = 56 / rest.length, [x, width] = place < 2 ? [2 + 18 * place, 12] : [40 + step * (place - 2), step - 1.5];
      const height = 0.6 + 5 * Math.min(4, h[k]);
      bars[place] ??= add("rect", { class: "explore__output--rest" });
      explore.set(bars[place], { x, y: 114 - height, width, height });
      if (place < 2) Object.assign(explore.set(heights[place], { y: 110 - height }), { textContent: number(h[k]) });
    });

    const wrong = [];
    features.forEach((i, row) => {
      const name = NAMES[row], others = rest.reduce((sum, k) => sum + parts[k][i], bias[i]);
      const wanted = Math.abs(values[name]), over = y[i] - wanted;
      [parts[neuron][i], parts[inhibitor][i], others, y[i], wanted].forEach((value, k) => say(`${name}-${k}`, number(value)));
      say(`${name}-name`, `y${i}, ${name}`);
      if (Math.abs(over) > 0.1) wrong.push(`y${i} is ${Math.abs(over).toFixed(2)} too ${over > 0 ? "large" : "small"}`);
    });
    const verdict = wrong.length ? wrong.join(", ") : "All three outputs are right, within a tenth";
    say("said", `${verdict}. ${h.length} neurons for ${bias.length} features.`);
  }

  function python(values) {
    const now = model(values), { into, out, bias, inhibitor } = now;
    const row = (numbers) => `[${numbers.map((value) => +value.toFixed(4)).join(", ")}]`;
    return `import torch
import sup

W1 = torch.tensor([[${into.map(row).join(", ")}]])
W2 = torch.tensor([[${out.map(row).join(", ")}]]).mT
b = torch.tensor([${row(bias)}])
x = torch.tensor([[${row(input(now, values))}]])
${values.inhibitor ? "" : `W2[..., ${inhibitor}] = 0.0  # no inhibitor\n`}print(sup.absolute(x, W1, W2, b))
`;
  }

  root.hidden = false;
  const settings = explore.settings(form, words, draw);
  draw();
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
})();
