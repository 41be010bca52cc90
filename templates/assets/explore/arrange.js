"use strict";
// Features that the reader arranges by hand in two dimensions, with the two terms of the loss, for the linear and the ReLU model.
(function () {
  const { root, form, element, say } = explore.stage("arrange", draw), [DRAWN, LONGEST] = [1.5, 1.4];
  const picture = explore.plane(element("arrows")), drawMatrix = explore.matrix(element("matrix"));
  const words = {
    count: ({ count }) => count,
    bias: ({ bias, relu }) => (relu ? bias.toFixed(2) : "the best, as always"),
  };
  let points = [], motion = 0;

  picture.append(explore.svg("circle", { r: 1, class: "explore__axis" }));
  const handles = Array.from({ length: 6 }, (_, i) => {
    const handle = picture.appendChild(explore.svg("g", { tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": 360 }));
    handle.append(explore.svg("line"), explore.svg("circle", { r: 0.09 }));
    handle.addEventListener("pointerdown", (event) => {
      rest();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && drag(i, event));
    handle.addEventListener("lostpointercapture", settle);
    handle.addEventListener("keydown", (event) => turn(i, event));
    return handle;
  });

  // int_0^1 ReLU(slope x + bias)^2 dx and int_0^1 x ReLU(slope x + bias) dx (sup/sparse_loss.py).
  function moments(slope, bias) {
    const crossing = slope ? -bias / slope : slope, at = (x) => Math.max(0, slope * x + bias);
    let [start, end] = [0, 1];
    if (slope > 0) start = Math.min(1, Math.max(0, crossing));
    else if (slope < 0) end = Math.min(1, Math.max(0, crossing));
    const width = end - start, u = at(start), v = at(end);
    return [(width * (u * u + u * v + v * v)) / 3, (width * (start * (2 * u + v) + end * (u + 2 * v))) / 6];
  }

  const inside = (x) => Math.max(-LONGEST, Math.min(LONGEST, x));
  const dot = ([a, b], [c, d]) => a * c + b * d;

  // The benefit and the interference term, all features equally important (sup.linear_terms, sup.one_sparse_terms).
  function terms(W, bias, relu) {
    let benefit = 0, interference = 0;
    W.forEach((own, i) => W.forEach((other, j) => {
      const product = dot(own, other), [square, cross] = relu ? moments(product, bias) : [product * product, 0];
      if (i !== j) interference += square;
      else benefit += relu ? 1 / 3 - 2 * cross + square : (1 - product) ** 2;
    }));
    return { benefit, interference };
  }

  const total = (W, bias, relu) => {
    const { benefit, interference } = terms(W, bias, relu);
    return benefit + interference;
  };

  function start(count) {
    return Array.from({ length: count }, (_, i) => [Math.sin((2 * Math.PI * i) / count), Math.cos((2 * Math.PI * i) / count)]);
  }

  function load() {
    const { count, w } = settings.read(), numbers = w.split(" ").map(Number);
    const given = w && numbers.length === 2 * count && numbers.every((x) => Math.abs(x) <= LONGEST);
    points = given ? Array.from({ length: count }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]) : start(count);
    draw();
  }

  function draw() {
    const { bias, relu } = settings.read(), { benefit, interference } = terms(points, bias, relu), n = points.length;
    handles.forEach((handle, i) => {
      handle.style.display = i < n ? "" : "none";
      if (i >= n) return;
      const [x, y] = points[i], colour = explore.importanceColour(n > 1 ? i / (n - 1) : 0), angle = (Math.atan2(y, x) * 180) / Math.PI;
      explore.set(handle.firstChild, { x2: x, y2: -y, style: `stroke: ${colour}` });
      explore.set(handle.lastChild, { cx: x, cy: -y, style: `fill: ${colour}` });
      const degrees = Math.round((angle + 360) % 360);
      explore.set(handle, {
        "aria-label": `Feature ${i + 1}`, "aria-description": "Left and right turn it, up and down change its length.", "aria-valuenow": degrees,
        "aria-valuetext": `${degrees} degrees, length ${Math.hypot(x, y).toFixed(2)}`,
      });
    });
    drawMatrix(points.flatMap((own) => points.map((other) => dot(own, other))), n);
    say("benefit", benefit.toFixed(4));
    say("interference", interference.toFixed(4));
    say("total", (benefit + interference).toFixed(4));
    const most = relu ? n / 3 : n, share = (part) => `${Math.min(100, (100 * part) / most)}%`;
    element("bar-benefit").style.width = share(benefit);
    element("bar-interference").style.width = share(interference);
  }

  // Writes the arrangement into the settings, and so into the address.
  function settle() {
    form.elements.w.value = points.flat().map((x) => x.toFixed(3)).join(" ");
    settings.save();
  }

  function drag(i, { clientX, clientY }) {
    const box = picture.getBoundingClientRect(), scale = (2 * DRAWN) / box.width;
    const [x, y] = [(clientX - box.left) * scale - DRAWN, DRAWN - (clientY - box.top) * scale];
    points[i] = [inside(x), inside(y)];
    draw();
  }

  function turn(i, event) {
    const [angle, length] = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, 0.02], ArrowDown: [0, -0.02] }[event.key] ?? [0, 0];
    if (!angle && !length) return;
    event.preventDefault();
    rest();
    const [x, y] = points[i], turned = Math.atan2(y, x) + (angle * Math.PI) / 180;
    const long = Math.max(0, Math.min(LONGEST, Math.hypot(x, y) + length));
    points[i] = [long * Math.cos(turned), long * Math.sin(turned)];
    settle();
  }

  // A step down the loss, with the bias of the ReLU model as well; returns whether there was one. The step is halved until the loss
  // falls, so that it never climbs.
  function descend() {
    const { bias, relu } = settings.read(), step = 1e-5, W = points.map((point) => [...point]);
    let b = bias;
    const slope = (change) => {
      change(step);
      const up = total(W, b, relu);
      change(-2 * step);
      const down = total(W, b, relu);
      change(step);
      return (up - down) / (2 * step);
    };
    const gradient = W.map((point, i) => [0, 1].map((k) => slope((by) => (W[i][k] += by))));
    const downhill = relu ? slope((by) => (b += by)) : 0, before = total(W, bias, relu);
    for (let rate = relu ? 0.15 : 0.02; rate > 1e-6; rate /= 2) {
      const moved = points.map((point, i) => point.map((x, k) => inside(x - rate * gradient[i][k])));
      const lower = relu ? Math.max(-0.5, Math.min(0, bias - (rate / points.length) * downhill)) : bias;
      if (total(moved, lower, relu) >= before - 1e-9) continue;
      points = moved;
      form.elements.bias.value = lower;
      return true;
    }
    return false;
  }

  function rest() {
    cancelAnimationFrame(motion);
    motion = 0;
    say("relax", "Relax");
  }

  function relax() {
    say("relax", "Stop");
    let left = 600;
    const move = () => {
      let falling = true;
      for (let k = 0; k < (explore.quiet.matches ? 600 : 4) && falling && left > 0; k++, left--) falling = descend();
      settle();
      motion = falling && left > 0 ? requestAnimationFrame(move) : (rest(), 0);
    };
    motion = requestAnimationFrame(move);
  }

  const python = ({ bias, relu }) => `import numpy as np
import sup

W = np.array([${[0, 1].map((k) => `[${points.map((point) => point[k].toFixed(3)).join(", ")}]`).join(", ")}])
print(sup.${relu ? `one_sparse_terms(W[None], np.full((1, ${points.length}), ${bias}), ` : "linear_terms(W[None], "}np.ones(${points.length})))
`;

  root.hidden = false;
  const settings = explore.settings(form, words, (values) => {
    if (values.count === points.length) return draw();
    form.elements.w.value = "";
    load();
  }, () => load());
  load();
  element("relax").addEventListener("click", () => (motion ? rest() : relax()));
  element("reset").addEventListener("click", () => {
    rest();
    settings.reset();
    load();
  });
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
  explore.inView(root, () => {}, rest);
})();
