"use strict";
// Two features in one dimension: the exact expected loss of the ReLU output model and its lowest minimum, as sup/two_features.py
// and sup/two_minima.py compute them. Adds `twoFeatures` to `explore`; parameters are q = [w1, w2, b1, b2].
(function () {
  const STARTS = [[1, -1], [1, 0], [0, 1]], PUSHES = [[0, 0.02], [0, -0.02], [1, 0.02], [1, -0.02]];
  const NODES = [-1 / Math.sqrt(3), 1 / Math.sqrt(3)];
  const unit = (x) => Math.min(1, Math.max(0, x));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

  // Integrals of 1, x and x^2 over the part of [0, 1] where slope x + offset > 0.
  function line(slope, offset) {
    let [start, end] = [0, slope || offset > 0 ? 1 : 0];
    if (slope > 0) start = unit(-offset / slope);
    else if (slope < 0) end = unit(-offset / slope);
    return [end - start, (end ** 2 - start ** 2) / 2, (end ** 3 - start ** 3) / 3];
  }

  // Integrals of 1, x, y, x^2, xy and y^2 over the part of the unit square where slope x + other y + bias > 0: exact along x,
  // and cubic in y between the places where the line enters and leaves, for which two Gauss-Legendre nodes are exact.
  function square(slope, other, bias) {
    if (Math.abs(other) > Math.abs(slope)) {
      const [on, y, x, yy, xy, xx] = square(other, slope, bias);
      return [on, x, y, xx, xy, yy];
    }
    const edge = (level) => (other ? unit(-level / other) : 0), sums = [0, 0, 0, 0, 0, 0];
    const edges = [0, ...[edge(bias), edge(bias + slope)].sort((a, b) => a - b), 1];
    for (let k = 0; k < 3; k++) {
      const half = (edges[k + 1] - edges[k]) / 2;
      for (const node of NODES) {
        const y = edges[k] + half * (1 + node), [m0, m1, m2] = line(slope, bias + other * y);
        [m0, m1, y * m0, m2, y * m1, y * y * m0].forEach((part, i) => (sums[i] += half * part));
      }
    }
    return sums;
  }

  // Second moments of (x, y, 1) over the inputs on which the output is on, at density p.
  function moments([slope, other, bias], p) {
    const [on, x, y, xx, xy, yy] = square(slope, other, bias).map((part) => part * p * p), alone = p * (1 - p);
    const first = line(slope, bias).map((part) => part * alone), second = line(other, bias).map((part) => part * alone);
    const always = on + first[0] + second[0] + (bias > 0 ? (1 - p) ** 2 : 0);
    return [[xx + first[2], xy, x + first[1]], [xy, yy + second[2], y + second[1]], [x + first[1], y + second[1], always]];
  }

  // The loss at q with its gradient and the Gauss-Newton part of its second derivatives; r is the second feature's importance.
  function slope(q, p, r) {
    const result = { loss: 0, gradient: [0, 0, 0, 0], curvature: q.map(() => [0, 0, 0, 0]) };
    for (const [i, j, weight] of [[0, 1, 1], [1, 0, r]]) {
      const w = q[i], other = q[j], theta = [w * w, w * other, q[2 + i]], off = [theta[0] - 1, theta[1], theta[2]];
      const M = moments(theta, p), force = M.map((row) => dot(row, off));
      const turn = q.map(() => [0, 0, 0]); // derivatives of theta in q
      [turn[i], turn[j][1], turn[2 + i][2]] = [[2 * w, other, 0], w, 1];
      result.loss += weight * (p / 3 - M[0][0] + dot(off, force));
      turn.forEach((row, k) => {
        result.gradient[k] += 2 * weight * dot(row, force);
        turn.forEach((column, l) => (result.curvature[k][l] += 2 * weight * dot(row, M.map((part) => dot(part, column)))));
      });
    }
    return result;
  }

  // x with A x = b, for a positive definite A.
  function solve(A, b) {
    const x = [...b], n = b.length;
    for (let i = 0; i < n; i++) {
      for (let k = i + 1; k < n; k++) {
        const factor = A[k][i] / A[i][i];
        for (let l = i; l < n; l++) A[k][l] -= factor * A[i][l];
        x[k] -= factor * x[i];
      }
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let l = i + 1; l < n; l++) x[i] -= A[i][l] * x[l];
      x[i] /= A[i][i];
    }
    return x;
  }

  // The end of a descent from q by damped Gauss-Newton steps of bounded length, none of which raises the loss.
  function descend(start, p, r) {
    let q = start, damping = 0.01, here = slope(q, p, r), gain = 1;
    for (let step = 0; step < 200 && gain > 1e-12; step++) {
      const move = solve(here.curvature.map((row, i) => row.map((x, j) => x + (i === j ? damping : 0))), here.gradient);
      const size = Math.min(1, 0.2 / Math.max(...move.map(Math.abs)));
      const trial = q.map((x, i) => x - size * move[i]), there = slope(trial, p, r), better = there.loss < here.loss;
      gain = size * dot(move, here.gradient);
      damping = Math.max(1e-7, better ? damping / 3 : damping * 4);
      if (better) [q, here] = [trial, there];
    }
    return { q, loss: here.loss };
  }

  // The lowest minimum, {q, loss}, with the longer weight positive: the best of several descents, pushed off where it stops.
  function minimum(p, r) {
    const ends = STARTS.map((start) => descend([...start, ...start.map((w) => (p / 2) * (1 - Math.abs(w)))], p, r));
    let best = ends.reduce((a, b) => (b.loss < a.loss ? b : a));
    for (const [k, push] of PUSHES) {
      const moved = descend(best.q.map((x, i) => (i === k ? x + push : x)), p, r);
      if (moved.loss < best.loss - 1e-9) best = moved;
    }
    const [w, other, ...biases] = best.q, sign = (Math.abs(w) >= Math.abs(other) - 1e-6 ? w : other) < 0 ? -1 : 1;
    return { q: [sign * w, sign * other, ...biases], loss: best.loss };
  }

  explore.twoFeatures = { moments, slope, minimum };
})();
