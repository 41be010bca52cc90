"use strict";
// A ball on the exact loss of two features in one dimension: where it rolls, and from where else it would roll there.
(function () {
  const { root, form, element, say } = explore.stage("surface"), REACH = 1.5, GRID = 40, CELLS = 41, STRIDE = 0.02, NUDGE = 0.02;
  const STARTS = [[1, -1], [1, 0], [0, 1], [1, 0.4], [0.4, 1]], { moments } = explore.twoFeatures;
  const NAMES = { pair: "the antipodal pair", mixture: "the mixture", first: "the first feature alone", second: "the second feature alone" };
  const words = {
    sp: ({ sp }) => sp.toFixed(2), sr: ({ sr }) => sr.toFixed(2),
    sx: ({ sx }) => sx.toFixed(2), sy: ({ sy }) => sy.toFixed(2),
  };
  const picture = element("surface"), drawn = (tag, name) => picture.appendChild(explore.svg(tag, { class: `explore__${name}` }));
  const basin = drawn("path", "basin"), contours = drawn("path", "contours");
  explore.plane(picture);
  for (const [x, y, name] of [[1.22, 0.16, "W₁"], [0.06, -1.28, "W₂"]]) explore.set(drawn("text", "label"), { x, y }).textContent = name;
  const minima = drawn("g", "minima"), track = drawn("polyline", "second"), start = drawn("circle", "start");
  const ball = drawn("circle", "dot explore__dot--second");
  let lowest = {}, labels = [], rolled = null, known = "", work = null, sweep = 0, seen = false, motion = 0;

  // The loss at the weights w, its gradient, and the Gauss-Newton part of its second derivatives (sup.two_features). With `sb` the
  // biases are the best ones for w, found from those in `from`, and the loss is a function of the weights alone.
  function slope(w, { sp: p, sr: r, sb }, from = [p / 2, p / 2]) {
    const here = { w, loss: 0, gradient: [0, 0], curvature: [0, 0], cross: 0, bias: [0, 0] };
    for (const i of [0, 1]) {
      const own = w[i], other = w[1 - i], weight = 2 * (i ? r : 1), off = own * own - 1, side = own * other;
      let bias = sb ? from[i] : 0, pull = 0, M;
      for (let k = 0; k < 40; k++) {
        M = moments([own * own, side, bias], p);
        pull = M[2][0] * off + M[2][1] * side + M[2][2] * bias;
        if (!sb || Math.abs(pull) <= 1e-6 * M[2][2]) break;
        bias -= pull / M[2][2];
      }
      const [[xx, xy, x], [, yy, y], [, , on]] = M, free = sb && on ? 1 / on : 0;
      const f = xx * off + xy * side + x * bias, g = xy * off + yy * side + y * bias;
      const [A, B, C] = [xx - free * x * x, xy - free * x * y, yy - free * y * y];
      here.bias[i] = bias;
      here.loss += (weight / 2) * (p / 3 - xx + off * f + side * g + bias * pull);
      here.gradient[i] += weight * (2 * own * f + other * g);
      here.gradient[1 - i] += weight * own * g;
      here.curvature[i] += weight * (4 * own * own * A + 4 * own * other * B + other * other * C);
      here.curvature[1 - i] += weight * own * own * C;
      here.cross += weight * own * (2 * own * B + other * C);
    }
    return here;
  }

  // Small steps along the gradient; where it fades, Gauss-Newton steps, which are no longer. Where a ball stops it is nudged, so that
  // it rests in minima alone. Returns all places on the way; `near` tells whether a ball may stop early.
  function roll(w, values, still, near = () => false) {
    let here = slope(w, values), times = 1;
    const path = [here];
    for (let k = 0; k < 400 && !near(here.w); k++) {
      const [x, y] = here.w, [gx, gy] = here.gradient, size = Math.hypot(gx, gy), damping = (times * size) / STRIDE;
      let next;
      if (size > still * values.sp && times < 1e5) {
        const [a, c] = here.curvature.map((value) => value + damping), b = here.cross, det = a * c - b * b;
        next = slope([x - (c * gx - b * gy) / det, y - (a * gy - b * gx) / det], values, here.bias);
        const falls = next.loss < here.loss;
        times = falls ? Math.max(1, times / 2) : 4 * times;
        if (!falls) continue;
      } else {
        const nudged = [[NUDGE, 0], [-NUDGE, 0], [0, NUDGE], [0, -NUDGE]].map(([u, v]) => slope([x + u, y + v], values, here.bias));
        next = nudged.find(({ loss }) => loss < here.loss - 1e-9);
        times = 1;
        if (!next) break;
      }
      path.push((here = next));
    }
    return path;
  }

  function kind([a, b]) {
    if (Math.min(Math.abs(a), Math.abs(b)) >= 0.25) return a * b > 0 ? "mixture" : "pair";
    return Math.abs(a) >= Math.abs(b) ? "first" : "second";
  }

  // Keeps the lowest end of each kind, and returns its kind. W and -W are the same model.
  function keep(end) {
    const name = kind(end.w), sign = Math.abs(end.w[0]) >= Math.abs(end.w[1]) - 1e-4 ? end.w[0] : end.w[1];
    if (!(end.loss >= lowest[name]?.loss - 1e-7)) lowest[name] = { ...end, w: end.w.map((x) => (sign < 0 ? -x : x)), share: lowest[name]?.share };
    return name;
  }

  const ranked = () => Object.entries(lowest).sort(([, one], [, other]) => one.loss - other.loss);
  const point = (w) => `(${w.map((x) => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2)).join(", ")})`.replace(/-/g, "−");

  function drawSurface(values) {
    const at = (k) => (2 * REACH * k) / GRID - REACH, loss = [];
    for (let j = 0; j <= GRID; j++) for (let i = 0; i <= GRID; i++) loss.push(slope([at(i), at(j)], values).loss);
    const low = 1.02 * Math.min(...loss), high = Math.max(...loss);
    let d = "";
    for (let n = 0; n < 14; n++) {
      const level = low * (high / low) ** (n / 13);
      for (let j = 0; j < GRID; j++) for (let i = 0; i < GRID; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], crossed = [];
        corners.forEach(([x, y], k) => {
          const [u, v] = corners[(k + 1) % 4], a = loss[y * (GRID + 1) + x], b = loss[v * (GRID + 1) + u], share = (level - a) / (b - a);
          if (a < level !== b < level) crossed.push(`${at(x + share * (u - x)).toFixed(3)} ${(-at(y + share * (v - y))).toFixed(3)}`);
        });
        for (let k = 0; k < crossed.length; k += 2) d += `M${crossed[k]}L${crossed[k + 1]}`;
      }
    }
    contours.setAttribute("d", d);
  }

  function drawBall(k) {
    const [x, y] = rolled[Math.min(k, rolled.length - 1)].w;
    explore.set(ball, { cx: x, cy: -y, r: 0.06 });
  }

  // What depends on the ball or on the basins that are known so far.
  function draw() {
    const name = keep(rolled.at(-1)), end = rolled.at(-1), order = ranked(), [best, deepest] = order[0];
    explore.set(start, { cx: rolled[0].w[0], cy: -rolled[0].w[1], r: 0.06 });
    track.setAttribute("points", rolled.map(({ w: [x, y] }) => `${x.toFixed(3)},${(-y).toFixed(3)}`).join(" "));
    minima.replaceChildren(...order.flatMap(([, { w: [x, y] }], k) => [1, -1].map((sign) =>
      explore.svg("circle", { cx: sign * x, cy: -sign * y, r: 0.05, class: k ? "explore__open" : "explore__dot--first" }))));
    const side = (2 * REACH) / CELLS;
    basin.setAttribute("d", labels.map((label, k) => (label !== name ? ""
      : `M${((k % CELLS) * side - REACH).toFixed(3)} ${(REACH - Math.floor(k / CELLS) * side).toFixed(3)}h${side}v${-side}h${-side}z`)).join(""));
    say("start", rolled[0].loss.toPrecision(4));
    say("end", end.loss.toPrecision(4));
    say("verdict", `The ball ends in ${NAMES[name]}, W = ${point(end.w)}. ${
      order.length === 1 ? "There is no other minimum." : name === best ? "That is the lowest minimum."
        : `The lowest minimum is ${NAMES[best]}, W = ${point(deepest.w)}.`}`);
    element("minima").replaceChildren(...order.map(([kept, { w, loss, share }], k) => {
      const row = document.createElement("tr");
      const part = share === undefined ? "…" : `${Math.round(100 * share)}%`;
      for (const text of [`${k ? "○" : "●"} ${NAMES[kept]}`, point(w), loss.toPrecision(4), part]) {
        row.insertCell().textContent = text;
      }
      return row;
    }));
  }

  // A ball from the middle of each cell of a half of the picture, a few at a time; the other half mirrors it.
  function* basins(values) {
    const found = [], made = [], counts = {}, last = CELLS * CELLS - 1, at = (k) => (2 * REACH * (k + 0.5)) / CELLS - REACH;
    for (let k = 0; k <= last / 2; k++) {
      let met = null;
      const near = ([x, y]) => (met = found.find(({ w: [u, v] }) => Math.min(Math.hypot(x - u, y - v), Math.hypot(x + u, y + v)) < 0.08));
      const end = roll([at(k % CELLS), at(Math.floor(k / CELLS))], values, 1e-4, near).at(-1);
      if (!met) found.push((met = end));
      made[k] = made[last - k] = keep(met);
      yield;
    }
    for (const name of made) counts[name] = (counts[name] ?? 0) + 1;
    for (const [name, kept] of Object.entries(lowest)) kept.share = (counts[name] ?? 0) / made.length;
    labels = made;
    draw();
  }

  function goOn() {
    const until = performance.now() + 12;
    while (work && performance.now() < until) if (work.next().done) work = null;
    if (work) sweep = setTimeout(goOn, 4);
  }

  function change(values) {
    const { sp, sr, sb, sx, sy } = values, surface = [sp, sr, sb].join();
    rest();
    if (surface !== known) {
      known = surface;
      [lowest, labels] = [{}, []];
      for (const w of STARTS) keep(roll(w, values, 1e-7).at(-1));
      drawSurface(values);
      work = basins(values);
      clearTimeout(sweep);
      if (seen) sweep = setTimeout(goOn, 150); // not with every movement of a drag
    }
    rolled = roll([sx, sy], values, 1e-7);
    draw();
    drawBall(rolled.length);
  }

  function rest() {
    cancelAnimationFrame(motion);
    motion = 0;
  }

  // Lets the ball move along its path, fifty steps a second.
  function play() {
    rest();
    let begun;
    const move = (now) => {
      const k = explore.quiet.matches ? rolled.length : Math.floor((now - (begun ??= now)) / 20);
      drawBall(k);
      motion = k < rolled.length ? requestAnimationFrame(move) : 0;
    };
    motion = requestAnimationFrame(move);
  }

  const python = ({ sp, sr, sb }) => `import numpy as np
import sup

found = sup.minima(np.array([${sp.toFixed(2)}]), np.array([${sr.toFixed(2)}]), biased=${sb ? "True" : "False"})
for q, loss in zip(found.q[found.distinct], found.loss[found.distinct]):
    print("W =", q[:2], "b =", q[2:], "loss", loss)
`;

  root.hidden = false;
  const settings = explore.settings(form, words, change);
  change(settings.read());
  picture.addEventListener("click", ({ clientX, clientY }) => {
    const box = picture.getBoundingClientRect(), across = (x) => 2 * REACH * x - REACH;
    form.elements.sx.value = across((clientX - box.left) / box.width);
    form.elements.sy.value = -across((clientY - box.top) / box.height);
    settings.save();
    play();
  });
  element("roll").addEventListener("click", play);
  element("reset").addEventListener("click", settings.reset);
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
  explore.inView(root, () => {
    seen = true;
    goOn();
  }, () => {
    seen = false;
    clearTimeout(sweep);
    rest();
    drawBall(rolled.length);
  });
})();
