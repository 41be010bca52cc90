"use strict";
// The paths of six features in three dimensions, step by step, from near the origin to an octahedron.
(function () {
  const { root, form, element, say } = explore.stage("octahedron"), FEATURES = 6, SET = 3;
  const { W, loss, step, shown } = JSON.parse(root.dataset.models), STAGES = ["A", "B", "C", "D"];
  const picture = explore.set(element("space"), { viewBox: "-1.5 -1.5 3 3" }), drawCurve = explore.curve(element("curve"));
  const cursor = element("curve").appendChild(explore.svg("path", { class: "explore__second" }));
  const words = {
    time: ({ time }) => `step ${step[time]}`,
    turn: ({ turn }) => `${Math.round(turn)}°`,
    tilt: ({ tilt }) => `${Math.round(tilt)}°`,
  };
  const edges = [];
  for (let i = 0; i < FEATURES; i++) for (let j = 0; j < i; j++) edges.push([i, j, picture.appendChild(explore.svg("line", { class: "explore__edge" }))]);
  const features = Array.from({ length: FEATURES }, (_, i) => {
    const second = i >= SET ? "second" : "first";
    return [explore.svg("line", { class: `explore__${second}` }), explore.svg("circle", { r: 0.06, class: `explore__dot explore__dot--${second}` })].map((part) => picture.appendChild(part));
  });

  function draw() {
    const values = settings.read(), { time } = values, now = W[time];
    const vectors = Array.from({ length: FEATURES }, (_, i) => now.map((row) => row[i]));
    const ends = vectors.map((vector) => explore.projected(vector, values));
    ends.forEach(([x, y], i) => {
      explore.set(features[i][0], { x2: x, y2: -y });
      explore.set(features[i][1], { cx: x, cy: -y });
    });
    const dot = (i, j) => vectors[i].reduce((sum, x, k) => sum + x * vectors[j][k], 0);
    let opposite = 0;
    for (const [i, j, edge] of edges) {
      const [[x1, y1], [x2, y2]] = [ends[i], ends[j]], apart = dot(i, j) / Math.sqrt(dot(i, i) * dot(j, j)) < -0.9;
      opposite += apart;
      explore.set(edge, { x1, y1: -y1, x2, y2: -y2, visibility: apart ? "hidden" : "visible" });
    }
    const stage = shown.reduce((last, snapshot, k) => (time >= snapshot ? k : last), 0);
    say("stage", STAGES[stage]);
    say("loss", loss[time].toPrecision(3));
    say("opposite", opposite);
    cursor.setAttribute("d", `M${((100 * step[time]) / step.at(-1)).toFixed(2)} 0V40`);
  }

  root.hidden = false;
  const settings = explore.settings(form, words, draw), halt = explore.player(element("play"), form.elements.time, 10);
  say("fall", `loss from ${Math.max(...loss).toPrecision(2)} to ${Math.min(...loss).toPrecision(2)}, logarithmic`);
  drawCurve(loss.map((value, k) => [step[k], value]), step.at(-1));
  draw();
  explore.turnable(picture, form, settings.save);
  element("reset").addEventListener("click", () => {
    halt();
    settings.reset();
  });
  explore.inView(root, () => {}, halt);
})();
