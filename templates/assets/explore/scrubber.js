"use strict";
// One model a density: the dimensionalities of its features, its graph, and each component of the graph by itself.
(function () {
  const { root, form, element, say } = explore.stage("scrubber"), data = JSON.parse(root.dataset.models);
  // In the order of figures/geometry/graphs.py, with the dimensions and features of the ideal shape.
  const SHAPES = [
    ["dedicated dimension", "dedicated dimensions", 1, 1], ["tetrahedron", "tetrahedra", 3, 4], ["triangle", "triangles", 2, 3],
    ["digon", "digons", 1, 2], ["pentagon", "pentagons", 2, 5], ["square antiprism", "square antiprisms", 3, 8],
    ["component without a name", "components without a name"], ["not learned", "", 0, 1],
  ];
  const OTHER = 6, UNLEARNED = 7, SPACE = 3, DOTS = 24, GOLDEN = (Math.sqrt(5) - 1) / 2;
  const strip = explore.set(element("strip"), { viewBox: "0 0 100 108" });
  const graph = explore.set(element("graph"), { viewBox: "-0.06 -0.06 1.12 1.12" });
  const solid = explore.set(element("solid"), { viewBox: "-1.5 -1.5 3 3" });
  const levels = unpacked(), last = ({ level }) => levels[level].length - 1;
  let shown = -1, over = null, dots = [], nodes = [], drawn = [];

  function ring(count) {
    const angle = (i) => (count === 2 ? 0 : Math.PI / 2) + (2 * Math.PI * i) / count;
    return Array.from({ length: count }, (_, i) => [Math.cos(angle(i)), Math.sin(angle(i))]);
  }

  // The components of each level, from the lists of figures/geometry/inventory.py, and last the features that are not learned.
  function unpacked() {
    const all = data.unlearned.map(() => []), next = { shares: 0, vectors: 0, joined: 0, edges: 0 };
    const take = (name, count) => data[name].slice(next[name], (next[name] += count));
    const bit = (name) => Math.floor(data[name][Math.floor(next[name] / 48)] / 2 ** (next[name]++ % 48)) % 2;
    const pairs = (name, count) => {
      const found = [];
      for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) if (bit(name)) found.push([i, j]);
      return found;
    };
    data.parts.forEach(([row, shape, count, dimensions], k) => {
      const [x, y, radius] = data.places[k], nodes = ring(count).map(([a, b]) => [x + radius * a, y + radius * b]);
      const part = { shape, count, dimensions, nodes, shares: take("shares", count), joined: pairs("joined", count) };
      if (dimensions <= SPACE) {
        part.vectors = nodes.map(() => take("vectors", dimensions));
        part.edges = pairs("edges", count);
      }
      all[row].push(part);
    });
    data.unlearned.forEach((bins, row) => {
      const shares = bins.flatMap((count, k) => Array(Math.min(count, DOTS)).fill((k + 0.5) / bins.length));
      const count = bins.reduce((sum, bin) => sum + bin);
      all[row].push({ shape: UNLEARNED, count, dimensions: 0, nodes: [], shares, joined: [], vectors: [], edges: [] });
    });
    return all;
  }

  const words = {
    level: ({ level }) => `1/(1-S) = ${data.sparsity[level].toFixed(2)}, density ${(1 / data.sparsity[level]).toFixed(2)}`,
    component: (values) => {
      const k = Math.min(values.component, last(values));
      return `${k + 1} of ${last(values) + 1}: ${SHAPES[levels[values.level][k].shape][0]}`;
    },
    turn: ({ turn }) => `${Math.round(turn)}°`,
    tilt: ({ tilt }) => `${Math.round(tilt)}°`,
  };

  const fraction = ([, , top, bottom]) => (bottom > 1 ? `${top}/${bottom}` : `${top}`);

  function described({ shape, count, dimensions }) {
    const of = `${count} features in ${dimensions} dimension${dimensions === 1 ? "" : "s"}`;
    if (shape === UNLEARNED) return `${count} features with a norm below one half`;
    if (shape === OTHER) return `${of}, without a name`;
    return `${fraction(SHAPES[shape])}, a ${count > 1 ? `${SHAPES[shape][0]} of ${of}` : "feature with a dimension of its own"}`;
  }

  const census = (parts) => SHAPES.flatMap(([name, names], shape) => {
    const found = parts.filter((part) => part.shape === shape), features = found.reduce((sum, part) => sum + part.count, 0);
    if (shape === UNLEARNED) return `${features} not learned`;
    return found.length ? `${features} in ${found.length} ${found.length > 1 ? names : name}` : [];
  }).join("; ");

  const path = (places, pairs) => pairs.map(([i, j]) => `M${places[i]}L${places[j]}`).join("");

  // Where there are many lines they are thin, as in the figure.
  function web(places, pairs) {
    const width = Math.min(1, Math.sqrt(150 / pairs.length));
    return explore.svg("path", { d: path(places, pairs), style: `stroke-width: ${width}` });
  }

  // A group for each component: its lines, if it has any in this picture, and its dots.
  const groups = (picture, parts, places, r, lines) => parts.map(({ shape, joined }, k) => {
    const group = picture.appendChild(explore.svg("g", { "data-shape": shape }));
    if (lines) group.append(web(places[k], joined));
    group.append(...places[k].map(([cx, cy]) => explore.svg("circle", { cx, cy, r })));
    return group;
  });

  function drawLevel(level) {
    const parts = levels[level], height = (share) => 4 + 100 * (1 - share);
    const line = (share, attributes) => strip.append(explore.svg("path", { d: `M0 ${height(share)}H54`, ...attributes }));
    strip.replaceChildren();
    SHAPES.forEach((ideal, shape) => {
      if (shape === OTHER) return;
      const [name, , top, bottom] = ideal, aside = { pentagon: -0.5, "square antiprism": 4.5 }[name] ?? 2;
      line(top / bottom, { "data-shape": shape });
      strip.append(explore.svg("text", { x: 56, y: height(top / bottom) + aside, "data-shape": shape }));
      strip.lastChild.textContent = `${fraction(ideal)} ${name.replace(/square | dimension/, "")}`;
    });
    line(data.ratio[level], { class: "explore__level" });
    let count = 0; // of dots, spread sideways by the golden ratio
    dots = parts.map(({ shares }) => shares.map((share) => [3 + 48 * ((count++ * GOLDEN + 0.5) % 1), height(share)]));
    nodes = parts.map((part) => part.nodes);
    graph.replaceChildren();
    const size = 0.008 + 0.05 / Math.sqrt(nodes.flat().length + 4);
    drawn = [groups(strip, parts, dots, 1.3), groups(graph, parts, nodes, size, true)];
  }

  const AXES = [() => [], ([x]) => [x, 0, 0], ([x, y]) => [-y, x, 0], ([x, y, z], view) => explore.projected([y, z, x], view)];
  const SPACES = ["Nothing to draw", "On a line", "In a plane", "In space: drag to turn"];

  // A component by itself: its vectors and their polytope in up to three dimensions, else its part of the graph.
  function drawSolid({ shape, count, dimensions, joined, vectors, edges }, view) {
    const seen = vectors?.map((vector) => AXES[dimensions](vector, view)) ?? ring(count).map(([x, y]) => [x, y, 1]);
    const ends = seen.map(([x, y]) => [x, -y]), near = (i, j = i) => (seen[i][2] + seen[j][2]) / 2;
    const group = explore.svg("g", { "data-shape": shape });
    const add = (tag, depth, attributes) => group.append(explore.svg(tag, { opacity: 0.7 + 0.3 * depth, ...attributes }));
    if (vectors) for (const [i, j] of edges) add("path", near(i, j), { d: path(ends, [[i, j]]) });
    else group.append(web(ends, joined));
    ends.forEach(([x, y], k) => {
      if (vectors) add("line", near(k), { x2: x, y2: y });
      add("circle", near(k), { cx: x, cy: y, r: 0.06 });
    });
    solid.replaceChildren(group);
    say("drawn", SPACES[dimensions] ?? "Too many dimensions: its graph");
  }

  function draw() {
    const values = settings.read(), { level } = values, { component, turn, tilt } = form.elements;
    if (level !== shown) {
      [shown, over] = [level, null];
      drawLevel(level);
    }
    component.max = last(values);
    const k = over ?? Number(component.value), part = levels[level][k];
    const [least, most] = [Math.min(...part.shares), Math.max(...part.shares)].map((share) => share.toFixed(3));
    for (const all of drawn) all.forEach((group, i) => group.classList.toggle("explore__lit", i === k));
    drawSolid(part, values);
    turn.disabled = tilt.disabled = part.dimensions !== SPACE;
    say("ratio", data.ratio[level].toFixed(3));
    say("census", census(levels[level]));
    say("component", described(part));
    say("shares", part.shape === UNLEARNED ? `up to ${Math.ceil(100 * most) / 100}` : least === most ? most : `${least} to ${most}`);
  }

  // What the pointer is nearest to lights up; a click chooses it.
  function follow(picture, places) {
    const nearest = ({ clientX, clientY }) => {
      const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(picture.getScreenCTM().inverse());
      const all = places().flatMap((points, k) => points.map(([a, b]) => [Math.hypot(a - x, b - y), k]));
      return all.reduce((best, one) => (one[0] < best[0] ? one : best), [Infinity, null])[1];
    };
    const light = (k) => {
      if (k === over) return;
      over = k;
      draw();
    };
    picture.addEventListener("pointermove", (event) => light(nearest(event)));
    picture.addEventListener("pointerleave", () => light(null));
    picture.addEventListener("click", (event) => {
      form.elements.component.value = nearest(event) ?? form.elements.component.value;
      settings.save();
    });
  }

  const python = ({ level }) => `from dataclasses import replace

import sup
from figures.shared.uniform import Setting

features, hidden, steps = ${data.trained.join(", ")}
sweep = Setting(features=features, hidden=hidden).sweep([${data.level[level]}], steps, 1)
run = replace(sweep.runs[0], seed=${data.drawn[level]})
for component in sup.components(sup.train((run,))["W"][0].astype(float)):
    print(component)
`;

  root.hidden = false;
  const { level, component } = form.elements, most = Math.max(...levels.map((parts) => parts.length)) - 1;
  const widen = () => (component.max = most); // until the level is known
  // Of a level the component that shows most: in space, in a plane, on a line, else the largest.
  const telling = (row) => {
    const shown = levels[row].map(({ dimensions }) => (dimensions > SPACE ? 0.5 : dimensions));
    return shown.indexOf(Math.max(...shown));
  };
  widen();
  component.defaultValue = telling(level.defaultValue);
  addEventListener("hashchange", widen);
  level.addEventListener("input", () => {
    widen();
    component.value = telling(level.value);
  });
  const settings = explore.settings(form, words, draw), halt = explore.player(element("play"), level, 2);
  draw();
  follow(strip, () => dots);
  follow(graph, () => nodes);
  explore.turnable(solid, form, () => form.elements.turn.disabled || settings.save());
  element("reset").addEventListener("click", () => {
    halt();
    widen();
    settings.reset();
  });
  element("copy").addEventListener("click", ({ target }) => explore.copy(python(settings.read()), target));
  explore.inView(root, () => {}, halt);
})();
