"use strict";
// The phase diagram of two features in one dimension: the exact losses of a cell, and its trained models, trained once more.
(function () {
  const stage = explore.stage("phasemap", repaint), { root, form, element, say } = stage, { svg, set } = explore;
  const published = JSON.parse(root.dataset.published), { importance, density, fits, seed } = published, wide = importance.length;
  const OUTCOMES = ["not represented", "dedicated", "superposed"];
  const outcomeColour = (kind) => explore.weightColour([0, -1, 1][kind]); // the figures have the same colours for both
  const words = {
    across: ({ across }) => importance[across].toPrecision(3),
    up: ({ up }) => density[up].toPrecision(3),
  };
  const told = (counts) => OUTCOMES.map((name, k) => counts[k] && `${counts[k]} ${name}`).filter(Boolean).join(", ");
  const pair = ([w, other]) => `[${w.toFixed(2)}, ${other.toFixed(2)}]`.replaceAll("-", "−");
  let models = [], digests = [];

  const { begin, halt } = explore.trainer(stage, start, root.dataset.train);

  // The map is a square of 100, both axes logarithmic.
  const picture = set(element("map"), { viewBox: "-18 -3 122 122" });
  const image = picture.appendChild(svg("image", { width: 100, height: 100, preserveAspectRatio: "none" }));
  const label = (target, text, attributes) => (target.appendChild(svg("text", attributes)).textContent = text);
  picture.append(svg("path", { d: boundaries(), class: "explore__edges" }));
  const cell = picture.appendChild(svg("rect", { width: 100 / wide + 2, height: 100 / wide + 2, class: "explore__cell" }));
  const cross = picture.appendChild(svg("path", { class: "explore__edges" }));
  [[24, 10], [77, 10], [50, 66]].forEach(([x, y], k) => label(picture, OUTCOMES[k], { x, y, class: k ? "explore__on" : "" }));
  ["0.1", "1", "10"].forEach((text, k) => label(picture, text, { x: 50 * k, y: 107 }));
  ["1", "0.1", "0.01"].forEach((text, k) => label(picture, text, { x: -8, y: 50 * k + 2 }));
  label(picture, "importance of the extra feature", { x: 50, y: 115 });
  label(picture, "density", { transform: "translate(-13 75) rotate(-90)" });

  // The weights of one model a row, the exact minimum first.
  const rows = set(element("weights"), { viewBox: `-2.7 -0.2 4.2 ${0.2 * fits + 0.75}` });
  const marks = Array.from({ length: fits + 1 }, (_, k) => {
    const y = k ? 0.2 * k + 0.06 : 0;
    label(rows, k ? `seed ${seed + k - 1}` : "lowest loss", { x: -2.68, y: y + 0.045 });
    rows.append(svg("path", { d: `M-1.3 ${y}H1.3`, class: "explore__axis" }));
    const both = [svg("circle", { r: 0.07, cy: y }), svg("path")];
    rows.append(...both);
    return (w) => {
      const seen = (i) => ({ visibility: w ? "visible" : "hidden", style: `fill: ${explore.importanceColour(i)}` });
      set(both[0], { ...seen(0), cx: w ? w[0] : 0 });
      set(both[1], { ...seen(1), d: w ? `M${w[1]} ${y - 0.1}l.1 .1l-.1 .1l-.1 -.1z` : "" });
    };
  });
  [-1, 0, 1].forEach((x) => label(rows, String(x).replace("-", "−"), { x, y: 0.2 * fits + 0.35, class: "explore__tick" }));
  label(rows, "● first feature   ◆ extra feature", { x: 0, y: 0.2 * fits + 0.51, class: "explore__tick" });

  // Where the losses of two of the three solutions are equal (sup/phases.py).
  function boundaries() {
    const at = Array.from({ length: 101 }, (_, x) => {
      const r = 10 ** (x / 50 - 1), p = r < 1 ? (4 * r) / (5 * r + 2) : 4 / (2 * r + 5);
      return `${x} ${(-50 * Math.log10(p)).toFixed(2)}`;
    });
    return `M${at.join("L")}M${at[50]}L50 0`;
  }

  const spec = (k, { across, up }) => ({
    model: "relu-output", n_features: 2, n_hidden: 1, importance: [1, importance[across]], seed: seed + k,
    distribution: { kind: "Independent", density: density[up] }, recipe: published.recipe,
  });

  function python({ across, up }) {
    const text = (value) => (Array.isArray(value) ? `(${value.map(text).join(", ")})` : value);
    const recipe = Object.entries(published.recipe).map(([name, value]) => `        ${name}=${text(value)},\n`).join("");
    return `import sup

base = sup.Run(
    model="relu-output",
    n_features=2,
    n_hidden=1,
    distribution=sup.Independent(density=${density[up]}),
    importance=(1.0, ${importance[across]}),
    recipe=sup.Recipe(
${recipe}    ),
)
cell = sup.sweep(base, seed=range(${seed}, ${seed + fits}))
print(sup.train(cell.runs)["W"])
`;
  }

  // What becomes of the extra feature (sup.phases.outcome).
  const outcome = ([w, other]) => (Math.abs(other) < 0.5 ? 0 : w * w < 0.5 ? 1 : 2);

  function repaint() {
    const canvas = set(document.createElement("canvas"), { width: wide, height: wide }), brush = canvas.getContext("2d");
    [...published.best].forEach((kind, k) => {
      brush.fillStyle = outcomeColour(kind);
      brush.fillRect(k % wide, wide - 1 - Math.floor(k / wide), 1, 1);
    });
    image.setAttribute("href", canvas.toDataURL());
    draw();
  }

  function draw() {
    const { across, up } = settings.read(), p = density[up], r = importance[across];
    const x = (100 * across) / wide, y = 100 - (100 * (up + 1)) / wide;
    set(cell, { x: x - 1, y: y - 1 });
    set(cross, { d: `M0 ${y + 50 / wide}H${x - 1}M${x + 50 / wide} ${y + 100 / wide + 1}V100` });
    const alone = p / 3 - (p * p) / 4, losses = [r * alone, alone, ((1 + r) * p * p) / 6]; // sup.solution_losses
    const exact = explore.twoFeatures.minimum(p, r);
    const least = losses.indexOf(Math.min(...losses)), most = Math.max(...losses);
    [...losses, exact.loss].forEach((loss, k) => {
      say(`loss-${k}`, loss.toPrecision(4) + (k === least ? ", the lowest" : ""));
      element(`bar-${k}`).style = `width: ${(100 * loss) / most}%; background: ${k < 3 ? outcomeColour(k) : "var(--muted)"}`;
    });
    marks[0](exact.q);
    say("w", pair(exact.q));
    const at = wide * up + across, ended = [...published.ended.slice(2 * at, 2 * at + 2)].map((digit) => parseInt(digit, 36));
    say("published", told([...ended, fits - ended[0] - ended[1]]));
    drawModels();
  }

  function drawModels() {
    for (let k = 0; k < fits; k++) marks[k + 1](models[k]);
    const counts = [0, 1, 2].map((kind) => models.filter((model) => outcome(model) === kind).length);
    say("here", models.length ? `${models.length} of ${fits}: ${told(counts)}` : "—");
  }

  function trainNext(values) {
    begin(spec(models.length, values), 1, ({ parameters, digest }) => {
      if (!digest) return;
      const [w, other] = parameters.W.data, sign = (Math.abs(w) >= Math.abs(other) ? w : other) < 0 ? -1 : 1;
      models.push([sign * w, sign * other]);
      digests.push(digest);
      drawModels();
      if (models.length < fits) trainNext(values);
      else finish(values);
    });
  }

  function finish({ across, up }) {
    const found = supTwin.sha256(new TextEncoder().encode(digests.map((digest) => `${digest}\n`).join("")));
    const size = published.digests.length / wide ** 2, known = published.digests.substr(size * (wide * up + across), size);
    halt();
    explore.compare(stage, found, found.startsWith(known), fits);
  }

  // What was trained belongs to another cell.
  function forget() {
    halt();
    [models, digests] = [[], []];
    for (const name of ["digest", "verdict"]) say(name, "");
    draw();
  }

  function start() {
    forget();
    trainNext(settings.read());
  }

  function point(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const index = (share) => Math.max(0, Math.min(wide - 1, Math.floor((share / 100) * wide)));
    [form.elements.across.value, form.elements.up.value] = [index(x), index(100 - y)];
    form.dispatchEvent(new Event("input"));
  }

  picture.addEventListener("pointerdown", (event) => {
    picture.setPointerCapture(event.pointerId);
    point(event);
  });
  picture.addEventListener("pointermove", (event) => picture.hasPointerCapture(event.pointerId) && point(event));
  root.hidden = false;
  const settings = explore.settings(form, words, forget);
  repaint();
  halt();
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
  explore.inView(root, () => {}, halt);
})();
