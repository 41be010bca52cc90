"use strict";
// Trains five features in two dimensions in the reader's browser, and compares the result with the published one.
(function () {
  const stage = explore.stage("pentagon", draw), { root, form, element, say } = stage;
  const published = JSON.parse(root.dataset.published), steps = Number(root.dataset.steps), FEATURES = 5;
  const DENSITIES = [1, 0.7, 0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.01];
  const drawArrows = explore.arrows(element("arrows")), drawCurve = explore.curve(element("curve"));
  const words = {
    density: ({ density }) => DENSITIES[density],
    decay: ({ decay }) => (decay === 1 ? "all alike" : `each ${decay} of the one before`),
    seed: ({ seed }) => seed,
  };
  let W = JSON.parse(root.dataset.first).at(-1).flat(); // the sparsest of the drawn models

  const { begin, halt } = explore.trainer(stage, start);

  function importance(decay) {
    const values = [1];
    while (values.length < FEATURES) values.push(values.at(-1) * decay);
    return values;
  }

  const spec = ({ density, decay, seed }) => ({
    model: "relu-output", n_features: FEATURES, n_hidden: 2, importance: importance(decay), seed: String(seed),
    distribution: { kind: "Independent", density: DENSITIES[density] }, recipe: { steps },
  });

  const python = ({ density, decay, seed }) => `import sup

run = sup.Run(
    model="relu-output",
    n_features=${FEATURES},
    n_hidden=2,
    distribution=sup.Independent(density=${DENSITIES[density].toFixed(2).replace(/0$/, "")}),
    importance=sup.geometric(${decay.toFixed(2)}, ${FEATURES}),
    recipe=sup.Recipe(steps=${steps}),
    seed=${seed},
)
print(sup.train((run,))["W"])
`;

  function draw() {
    drawArrows(W, FEATURES);
  }

  function norms() {
    return Array.from({ length: FEATURES }, (_, i) => Math.hypot(W[i], W[FEATURES + i]));
  }

  function shown({ step, parameters, loss, digest }, points, values) {
    W = [...parameters.W.data];
    points.push([step, loss]);
    draw();
    drawCurve(points, steps);
    say("step", `${step} of ${steps}`);
    say("loss", loss.toPrecision(4));
    say("count", `${norms().filter((norm) => norm >= 0.5).length} of ${FEATURES}`);
    if (digest) finish(digest, values);
  }

  function finish(digest, { density, decay, seed }) {
    halt("Train again");
    const known = decay === 0.9 ? published[DENSITIES[density]]?.[seed] : undefined;
    if (known) return explore.compare(stage, digest, known === digest);
    say("digest", digest);
    say("verdict", "No published run has these settings; the Python package gives the same digest.");
    element("verdict").dataset.same = "";
  }

  // What was found belongs to other settings.
  function forget() {
    halt();
    for (const name of ["digest", "verdict"]) say(name, "");
    for (const name of ["step", "loss", "count"]) say(name, "—");
  }

  function start() {
    if (!form.reportValidity()) return;
    forget();
    const values = settings.read(), points = [];
    begin(spec(values), 60, (state) => shown(state, points, values));
  }

  root.hidden = false;
  const settings = explore.settings(form, words, forget);
  draw();
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
  let begun = explore.quiet.matches;
  explore.inView(root, () => {
    if (!begun) start();
    begun = true;
  }, halt);
})();
