"use strict";
// Pushes the input of a model with five features in two dimensions, and shows which output breaks, and what that costs.
(function () {
  const { root, form, element, say } = explore.stage("push"), { W, b, density } = JSON.parse(root.dataset.model);
  const FEATURES = b.length, PLACES = 8, TALL = 30;
  const G = b.map((_, i) => b.map((_, j) => W.reduce((sum, row) => sum + row[i] * row[j], 0)));
  const words = {
    feature: ({ feature }) => feature,
    value: ({ value }) => value.toFixed(2),
    norm: ({ norm }) => norm.toFixed(2),
    target: ({ target }) => target,
  };
  const each = (make) => b.map((_, i) => make(i)), norm = (v) => Math.hypot(...v);
  const signed = (x) => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2).replace("-", "−");

  // x' = ReLU(W^T W x + b), and the loss of a pushed input, of which the clean one is wanted (sup.robustness).
  const outputs = (x) => each((i) => Math.max(0, G[i].reduce((sum, g, j) => sum + g * x[j], b[i])));
  const plus = (x, delta) => x.map((value, j) => value + delta[j]);
  const loss = (seen, x) => outputs(seen).reduce((sum, y, i) => sum + (y - x[i]) ** 2, 0);
  const harm = (x, delta) => loss(plus(x, delta), x) - loss(x, x);
  const along = (v, size) => (norm(v) ? v.map((x) => (size * x) / norm(v)) : v);
  const rows = (size) => each((i) => [1, -1].map((sign) => ({ i, sign, delta: along(G[i], sign * size) }))).flat();

  function gradient(x) {
    const pull = outputs(x).map((y, i) => (y > 0 ? 2 * (y - x[i]) : 0));
    return each((j) => pull.reduce((sum, value, i) => sum + value * G[i][j], 0));
  }

  // Inputs with at most two active features, and how often there is one like each.
  function inputs() {
    const made = [{ x: each(() => 0), often: (1 - density) ** FEATURES }], at = (k) => (k + 0.5) / PLACES;
    const one = (density * (1 - density) ** (FEATURES - 1)) / PLACES, two = (density ** 2 * (1 - density) ** (FEATURES - 2)) / PLACES ** 2;
    for (let i = 0; i < FEATURES; i++) for (let k = 0; k < PLACES; k++) {
      made.push({ x: each((f) => (f === i ? at(k) : 0)), often: one });
      for (let j = 0; j < i; j++) for (let l = 0; l < PLACES; l++) {
        made.push({ x: each((f) => (f === i ? at(k) : f === j ? at(l) : 0)), often: two });
      }
    }
    return made;
  }
  const samples = inputs(), all = samples.reduce((sum, { often }) => sum + often, 0);
  const mean = (measure) => samples.reduce((sum, { x, often }) => sum + (often / all) * measure(x), 0);

  function worst(x, size) {
    return rows(size).map((push) => ({ ...push, added: harm(x, push.delta) })).reduce((most, push) => (push.added > most.added ? push : most));
  }
  const PUSHES = {
    worst: (x, { norm }) => worst(x, norm),
    row: (x, { target, sign, norm }) => ({ i: target - 1, sign, delta: along(G[target - 1], sign * norm) }),
    single: (x, { target, sign, norm }) => ({ delta: each((j) => (j === target - 1 ? sign * norm : 0)) }),
    gradient: (x, { norm }) => ({ delta: along(gradient(x), norm) }),
  };
  const KINDS = Object.keys(PUSHES);

  // Pairs of bars, before and after, above a line; a tick where an output is wanted.
  const picture = explore.set(element("bars"), { viewBox: "0 0 100 141" });
  const caption = (text, x, y) => (picture.appendChild(explore.svg("text", { x, y, class: "explore__caption" })).textContent = text);
  function bars(base, title) {
    caption(title, 0, base - 54);
    picture.append(explore.svg("path", { d: `M0 ${base}H100`, class: "explore__base" }));
    const part = (name) => picture.appendChild(explore.svg("path", { class: `explore__${name}` }));
    const drawn = each(() => ["before", "after", "wanted"].map(part));
    return function draw(before, after, wanted) {
      drawn.forEach(([one, other, tick], j) => {
        const bar = (x, value) => `M${x} ${base}v${(-TALL * value).toFixed(2)}h7v${(TALL * value).toFixed(2)}z`;
        one.setAttribute("d", bar(20 * j + 2, before[j]));
        other.setAttribute("d", bar(20 * j + 10, after[j]));
        if (wanted) tick.setAttribute("d", `M${20 * j} ${(base - TALL * wanted[j]).toFixed(2)}h19`);
      });
    };
  }
  const drawInput = bars(58, "Input"), drawOutput = bars(130, "Output");
  each((j) => caption(j + 1, 20 * j + 8, 139));

  const input = ({ feature, value }) => each((j) => (j === feature - 1 ? value : 0));

  function draw() {
    const values = settings.read(), kind = KINDS[values.kind], x = input(values), { i, sign, delta } = PUSHES[kind](x, values);
    const seen = plus(x, delta), square = values.norm ** 2, [clean, pushed] = [outputs(x), outputs(seen)];
    const worse = each((k) => (pushed[k] - x[k]) ** 2 - (clean[k] - x[k]) ** 2);
    const hit = worse.indexOf(Math.max(...worse)), times = (added) => `${signed(added / square)} λ²`;
    for (const name of ["target", "sign"]) form.elements[name].disabled = kind === "worst" || kind === "gradient";
    drawInput(x, seen);
    drawOutput(clean, pushed, x);
    say("harm", times(harm(x, delta)));
    say("worst", times(worst(x, values.norm).added));
    say("mean", times(mean((one) => harm(one, delta))));
    say("each", signed(mean((one) => worst(one, values.norm).added) / square));
    say("one", signed(Math.max(...rows(values.norm).map((push) => mean((one) => harm(one, push.delta)))) / square));
    const row = i === undefined ? "" : `The push goes along row ${i + 1}, ${sign > 0 ? "up" : "down"}. `;
    const breaks = `Output ${hit + 1} breaks most: wanted is ${signed(x[hit])}, and it goes from ${signed(clean[hit])} to ${signed(pushed[hit])}. `
      + `No feature of the input changes by more than ${signed(Math.max(...delta.map(Math.abs)))}.`;
    say("verdict", !norm(delta) ? "There is no gradient here: behind a closed ReLU it sees nothing."
      : row + (worse[hit] > 1e-9 ? breaks : "No output gets worse."));
    say("hit", `Adds to output ${hit + 1}`);
    element("features").replaceChildren(...each((j) => {
      const line = document.createElement("tr");
      for (const text of [j + 1, ...[x[j], delta[j], G[hit][j] * delta[j], clean[j], pushed[j]].map(signed)]) line.insertCell().textContent = text;
      return line;
    }));
  }

  const list = (numbers) => `[${numbers.map((x) => x.toFixed(4)).join(", ")}]`;
  function python() {
    const values = settings.read(), x = input(values), { delta } = PUSHES[KINDS[values.kind]](x, values);
    return `import numpy as np
import sup

G = sup.gram(np.array([[${W.map(list).join(", ")}]]))[0]
b = np.array(${list(b)})
x = np.array(${list(x)})
push = np.array(${list(delta)})


def loss(seen):
    return ((np.maximum(G @ seen + b, 0) - x) ** 2).sum()


print((loss(x + push) - loss(x)) / ${values.norm.toFixed(2)} ** 2)
`;
  }

  root.hidden = false;
  const settings = explore.settings(form, words, draw);
  draw();
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(), target));
})();
