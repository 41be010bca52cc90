"use strict";
// The kernel's twin in plain JavaScript: trains small models, bit for bit like sup/training/kernel, and so to the same SHA-256.
// Needs twin-spec.js before it, is faster with twin-simd.js, and adds to `supTwin`:
//   const training = new supTwin.Training({model: "relu-output", n_features: 5, n_hidden: 2, ...});  // see twin-spec.js
//   while (training.advance(100) < training.steps) show(training.parameters());
//   supTwin.contentDigest(training.result());
//
// Numbers are doubles here, and Math.fround rounds one to float32. After a single +, -, *, / or square root of float32
// numbers it gives what float32 arithmetic gives: doubles have more than twice the digits, so rounding twice is harmless.
// A Float32Array rounds what it is given in the same way.
(function part() {
  const { completeRun, streamKey, each, TRAITS } = globalThis.supTwin, fround = Math.fround;
  const LANES = 64; // samples of a block; sample r of a block is lane r, and each lane adds up by itself
  const EVAL_SAMPLES = 65536, SMALL = 100;

  // a * b, rounded, plus c, rounded.
  const madd = (a, b, c) => fround(fround(a * b) + c);

  // Threefry-2x32 with 13 rounds: the first words of the counters (low + i, high) into the first half of U, the second into
  // the second (sup/draws.py).
  function drawWords(U, key, low, high) {
    const key0 = key[0] | 0, key1 = key[1] | 0, key2 = key0 ^ key1 ^ 0x1bd11bda, pairs = U.length >> 1;
    for (let i = 0; i < pairs; i++) {
      let x0 = (low + i + key0) | 0, x1 = (high + key1) | 0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
      x0 = (x0 + key1) | 0; x1 = (x1 + key2 + 1) | 0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
      x0 = (x0 + key2) | 0; x1 = (x1 + key0 + 2) | 0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
      x0 = (x0 + key0) | 0; x1 = (x1 + key1 + 3) | 0;
      x0 = (x0 + x1) | 0; x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      U[i] = x0;
      U[pairs + i] = x1;
    }
  }

  // Natural logarithm of a number in (0, 1): u = f * 2^e exactly, ln f = 2 artanh((f - 1) / (f + 1)) (sup/draws.py).
  function ln(u) {
    let f = u, exponent = 0;
    for (; f < 0.5; f *= 2) exponent -= 1;
    if (f < 0.7071067811865476) { f *= 2; exponent -= 1; }
    const t = (f - 1) / (f + 1), square = t * t;
    let series = 0;
    for (let odd = 21; odd > 0; odd -= 2) series = series * square + 1 / odd;
    return 2 * t * series + exponent * 0.6931471805599453;
  }

  const CENTRE = [
    [2.50908092873012267270e3, 3.34305755835881281050e4, 6.72657709270087008530e4, 4.59219539315498714570e4,
      1.37316937655094611250e4, 1.97159095030655144270e3, 1.33141667891784377450e2, 3.38713287279636660800e0],
    [5.22649527885285456100e3, 2.87290857357219426740e4, 3.93078958000927106100e4, 2.12137943015865958670e4,
      5.39419602142475110770e3, 6.87187007492057908300e2, 4.23133307016009112520e1, 1.0],
  ];
  const FLANK = [
    [7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
      3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0],
    [1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
      6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0],
  ];

  // A standard normal variate for a 32-bit word: the normal quantile of (word + 1/2) / 2^32, AS 241 (sup/draws.py).
  function normal(word) {
    const p = (word + 0.5) * 2 ** -32, q = p - 0.5;
    const ratio = (sides, r) => {
      const [over, under] = sides.map((side) => side.reduce((sum, coefficient) => sum * r + coefficient, 0));
      return over / under;
    };
    if (Math.abs(q) <= 0.425) return ratio(CENTRE, 0.180625 - q * q) * q;
    const flank = ratio(FLANK, Math.sqrt(-ln(q < 0 ? p : 1 - p)) - 1.6);
    return q < 0 ? -flank : flank;
  }

  // Initial weights (sup/initial.py): of W, or of W1 and then W2, consecutive draws of the stream `init`.
  function initialWeights(run, count) {
    const spread = run.recipe.init_scale * Math.sqrt(2 / (run.n_features + run.n_hidden));
    const U = new Uint32Array(count + (count % 2));
    drawWords(U, streamKey(run, "init"), 0, 0);
    return Float32Array.from(U.subarray(0, count), (word) => normal(word) * spread);
  }

  // Which lanes of each row of a block are not zero: of row j the first counts[j] of `lanes` from j * LANES on. Zeros add nothing to
  // a sum that began at zero, not even a sign, and most features and most of what a ReLU lets through are zeros.
  const rows = (count) => ({ values: new Float32Array(count * LANES), lanes: new Uint8Array(count * LANES), counts: new Uint8Array(count) });

  // A function (step, block, X) that fills the rows X with a block of samples, lanes of one feature together (sup/law.py).
  function sampler(run, stream) {
    const { n_features: n, distribution: features } = run, sets = features.sizes?.length ?? 0;
    const apart = features.kind === "Anticorrelated", key = streamKey(run, stream);
    const U = new Uint32Array(LANES * (apart ? 2 * sets : n + sets)), unit = fround(2 ** -31);
    const T = each(features.density, sets || n).map((density) => Math.max(1, Math.floor(density * 2 ** 31)));

    function independent() {
      const low = each(features.low, n), high = each(features.high, n), base = Float32Array.from(low);
      const scale = Float32Array.from(T, (t, j) => (high[j] - low[j]) / t);
      return ({ values, lanes, counts }, j) => {
        const at = j * LANES, most = T[j], step = scale[j], start = base[j];
        let count = 0;
        for (let r = 0; r < LANES; r++) {
          lanes[at + count] = r;
          count += (U[at + r] >>> 1) < most ? 1 : 0;
        }
        values.fill(0, at, at + LANES);
        for (let k = 0; k < count; k++) {
          const i = at + lanes[at + k];
          values[i] = madd(fround(U[i] >>> 1), step, start);
        }
        counts[j] = count;
      };
    }

    // Member c of an anticorrelated set of s is active where c T <= v s < (c + 1) T: whole numbers below 2^53, so exact.
    function inSets() {
      const members = features.sizes.flatMap((size, k) => Array.from({ length: size }, (_, c) => ({ k, c, size })));
      return ({ values, lanes, counts }, j) => {
        const { k, c, size } = members[j], [s, from, to] = apart ? [size, c * T[k], (c + 1) * T[k]] : [1, 0, T[k]];
        const first = (apart ? k : n + k) * LANES, second = (apart ? sets + k : j) * LANES;
        let count = 0;
        for (let r = 0; r < LANES; r++) {
          const v = (U[first + r] >>> 1) * s, x = v >= from && v < to ? fround(fround(U[second + r] >>> 1) * unit) : 0;
          values[j * LANES + r] = x;
          lanes[j * LANES + count] = r;
          count += x !== 0 ? 1 : 0;
        }
        counts[j] = count;
      };
    }

    const fill = sets ? inSets() : independent();
    return (step, block, X) => {
      drawWords(U, key, block * (U.length >> 1), step);
      for (let j = 0; j < n; j++) fill(X, j);
    };
  }

  // The two matrix products of a model: each lane's sum in the order of its index (kernel/network.py). Lanes are innermost, so that
  // a processor has many sums to work at while each waits for its own.
  function toHidden(W, { values, lanes, counts }, H, n, m) {
    H.fill(0);
    for (let j = 0; j < n; j++) {
      const at = j * LANES, count = counts[j];
      for (let a = 0; a < m; a++) {
        const weight = W[a * n + j], to = a * LANES;
        for (let k = 0; k < count; k++) {
          const r = lanes[at + k];
          H[to + r] = madd(weight, values[at + r], H[to + r]);
        }
      }
    }
  }

  function toOutput(V, b, H, Z, n, m) {
    for (let j = 0; j < n; j++) {
      const to = j * LANES;
      Z.fill(b[j], to, to + LANES);
      for (let a = 0; a < m; a++) {
        const weight = V[a * n + j], at = a * LANES;
        for (let r = 0; r < LANES; r++) Z[to + r] = madd(weight, H[at + r], Z[to + r]);
      }
    }
  }

  // Zero where `gate` is not above zero; values gated by themselves are their ReLU.
  function gated(values, gate) {
    for (let i = 0; i < values.length; i++) values[i] = gate[i] > 0 ? values[i] : 0;
  }

  // Adds the products of hidden dimensions and features to G, each lane by itself.
  function addOuter(G, H, { values, lanes, counts }, n, m) {
    for (let j = 0; j < n; j++) {
      const at = j * LANES, count = counts[j];
      for (let a = 0; a < m; a++) {
        const to = (a * n + j) * LANES, from = a * LANES;
        for (let k = 0; k < count; k++) {
          const r = lanes[at + k];
          G[to + r] = madd(H[from + r], values[at + r], G[to + r]);
        }
      }
    }
  }

  // The derivatives of half the loss by feature j's outputs before their ReLU, into row j of E and onto those of the bias in GB.
  function errors({ values, lanes, counts }, j, X, Z, importance, output, absolute, GB) {
    const at = j * LANES;
    let count = 0;
    for (let r = 0; r < LANES; r++) {
      lanes[at + count] = r;
      count += !output || Z[at + r] > 0 ? 1 : 0;
    }
    for (let k = 0; k < count; k++) {
      const i = at + lanes[at + k], x = X[i], target = absolute && !(x > 0) ? -x : x;
      values[i] = fround(importance * fround(Z[i] - target));
      GB[i] = GB[i] + values[i];
    }
    counts[j] = count;
  }

  // The sum of the lanes at `start`, halving their number each time; overwrites them.
  function laneSum(S, start) {
    for (let width = LANES / 2; width > 0; width >>= 1) {
      for (let i = start; i < start + width; i++) S[i] = S[i] + S[i + width];
    }
    return S[start];
  }

  // The factor on the learning rate when `share` of the steps are done.
  function scheduleFactor(knots, share) {
    let k = 0;
    while (k < knots.length - 2 && share >= knots[k + 1][0]) k += 1;
    const [[x0, y0], [x1, y1]] = [knots[k], knots[k + 1]];
    return y0 + ((y1 - y0) / (x1 - x0)) * (share - x0);
  }

  // The transpose of a matrix of so many rows and columns.
  const transposed = (matrix, rows, columns) =>
    matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);

  // A matrix or vector of parameters P with AdamW's memory of it and the lanes of its gradient.
  class Parameter {
    constructor(values, { P, lanes } = { P: new Float32Array(values.length), lanes: new Float32Array(values.length * LANES) }) {
      P.set(values);
      [this.P, this.lanes, this.mean, this.square] = [P, lanes, P.map(() => 0), P.map(() => 0)];
    }

    // One update by the sum of the lanes times `factor` (kernel/optimiser.py); all of `now` is float32.
    update(factor, { rate, keep, b1, a1, b2, a2, c1, c2, epsilon }) {
      const { P, mean, square, lanes } = this;
      for (let i = 0; i < P.length; i++) {
        const g = fround(laneSum(lanes, i * LANES) * factor);
        mean[i] = fround(b1 * mean[i]) + fround(a1 * g);
        square[i] = fround(b2 * square[i]) + fround(fround(a2 * g) * g);
        const root = fround(Math.sqrt(fround(square[i] * c2)));
        P[i] = fround(P[i] * keep) - fround(fround(rate * fround(mean[i] * c1)) / fround(root + epsilon));
      }
    }
  }

  // A model in training, from its initial weights on: `done` of `steps` updates are behind it.
  class Training {
    #importance; #draw; #fast; #W; #V; #b; #parameters; #X; #H; #E; #Z; #D; #powers = [1, 1]; #due; #seen = [];

    // `snapshots` are the steps, in rising order, after which to record parameters and loss for the result.
    constructor(spec, snapshots = []) {
      const run = completeRun(spec), { n_features: n, n_hidden: m, model } = run, { tied } = TRAITS[model];
      if (n * m > SMALL) throw new RangeError(
        `n_features * n_hidden is at most ${SMALL} here, since the kernel adds up larger gradients in another order; ` +
        `got ${n} * ${m} = ${n * m}. Train larger models with the Python package.`);
      [this.run, this.done, this.steps, this.#due] = [run, 0, run.recipe.steps, [...snapshots]];
      this.#importance = Float32Array.from(each(run.importance, n));
      this.#draw = sampler(run, "train");
      this.#fast = globalThis.supTwin.blocks?.(run, streamKey(run, "train"));
      const weights = initialWeights(run, n * m * (tied ? 1 : 2));
      this.#W = new Parameter(weights.subarray(0, n * m), this.#fast?.W);
      // The way out as (hidden feature), like the way in; W2 is (feature hidden).
      this.#V = tied ? this.#W : new Parameter(transposed(weights.subarray(n * m), n, m), this.#fast?.V);
      this.#b = new Parameter(new Float32Array(n), this.#fast?.b);
      this.#parameters = tied ? [this.#W, this.#b] : [this.#W, this.#V, this.#b];
      [this.#X, this.#E] = [rows(n), rows(n)];
      [this.#H, this.#Z, this.#D] = [m, n, m].map((count) => new Float32Array(count * LANES));
    }

    // Up to `count` updates more; returns how many are done in all.
    advance(count) {
      const stop = Math.min(this.done + count, this.steps);
      for (; this.done < stop; this.done++) {
        this.#record();
        for (const { lanes } of this.#parameters) lanes.fill(0);
        for (let block = 0; block < this.run.recipe.batch / LANES; block++) {
          if (this.#fast) this.#fast.block((block * LANES * this.run.n_features) / 2, this.done);
          else this.#addGradients(block);
        }
        this.#update();
      }
      return this.done;
    }

    // From a block's samples to the hidden layer and to what the output's ReLU gets.
    #forward(draw, step, block) {
      const { n_features: n, n_hidden: m, model } = this.run;
      draw(step, block, this.#X);
      toHidden(this.#W.P, this.#X, this.#H, n, m);
      if (TRAITS[model].hidden) gated(this.#H, this.#H);
      toOutput(this.#V.P, this.#b.P, this.#H, this.#Z, n, m);
    }

    #addGradients(block) {
      const { n_features: n, n_hidden: m, model } = this.run, X = this.#X, E = this.#E, H = this.#H, Z = this.#Z, D = this.#D;
      const { hidden, output, target } = TRAITS[model];
      this.#forward(this.#draw, this.done, block);
      for (let j = 0; j < n; j++) errors(E, j, X.values, Z, this.#importance[j], output, target === "|x|", this.#b.lanes);
      toHidden(this.#V.P, E, D, n, m);
      if (hidden) gated(D, H);
      addOuter(this.#W.lanes, D, X, n, m);
      addOuter(this.#V.lanes, H, E, n, m);
    }

    #update() {
      const { recipe, n_features } = this.run, { beta1, beta2, epsilon } = recipe, powers = this.#powers;
      const rate = recipe.learning_rate * scheduleFactor(recipe.schedule, this.done / this.steps);
      powers[0] *= beta1;
      powers[1] *= beta2;
      const now = {
        rate: fround(rate), keep: fround(1 - rate * recipe.weight_decay), epsilon: fround(epsilon),
        b1: fround(beta1), a1: fround(1 - beta1), c1: fround(1 / (1 - powers[0])),
        b2: fround(beta2), a2: fround(1 - beta2), c2: fround(1 / (1 - powers[1])),
      };
      for (const parameter of this.#parameters) parameter.update(fround(2 / (recipe.batch * n_features)), now);
    }

    // Importance-weighted loss on the fixed draws of the stream `eval`; costs as much as some 30 updates.
    loss() {
      const { n_features: n, model } = this.run, X = this.#X.values, Z = this.#Z, L = new Float32Array(LANES);
      const draw = sampler(this.run, "eval"), { output, target: wanted } = TRAITS[model], absolute = wanted === "|x|";
      let total = 0;
      for (let block = 0; block < EVAL_SAMPLES / LANES; block++) {
        this.#forward(draw, 0, block);
        L.fill(0);
        for (let j = 0; j < n; j++) {
          for (let r = 0, i = j * LANES; r < LANES; r++, i++) {
            const target = absolute && !(X[i] > 0) ? -X[i] : X[i], z = output && !(Z[i] > 0) ? 0 : Z[i];
            const error = fround(z - target);
            L[r] = madd(fround(this.#importance[j] * error), error, L[r]);
          }
        }
        total += laneSum(L, 0);
      }
      return total / (EVAL_SAMPLES * n);
    }

    // A copy of the parameters as they are now: {name: {shape, data}}, `data` row by row.
    parameters() {
      const { n_features: n, n_hidden: m } = this.run, way = { shape: [m, n], data: this.#W.P.slice() };
      const b = { shape: [n], data: this.#b.P.slice() };
      return this.#V === this.#W ? { W: way, b } : { W1: way, W2: { shape: [n, m], data: transposed(this.#V.P, m, n) }, b };
    }

    #record() {
      if (this.#due[0] !== this.done) return;
      this.#due.shift();
      this.#seen.push({ ...this.parameters(), loss: { shape: [], data: Float64Array.of(this.loss()) } });
    }

    // The snapshots, each array with a leading axis of them: {snapshot_W: {shape, data}, ...}; nothing without any.
    #snapshots() {
      const names = Object.keys(this.#seen[0] ?? {}), count = this.#seen.length;
      return Object.fromEntries(names.map((name) => {
        const { shape, data: { constructor: Numbers } } = this.#seen[0][name];
        return [`snapshot_${name}`, { shape: [count, ...shape], data: Numbers.from(this.#seen.flatMap((state) => [...state[name].data])) }];
      }));
    }

    // What the kernel returns of a finished run; supTwin.contentDigest of it is the run's content digest.
    result() {
      if (this.done < this.steps) throw new RangeError(
        `a result is that of all updates; ${this.done} of ${this.steps} are done. ` +
        `Call advance(${this.steps - this.done}) first.`);
      this.#record();
      return { ...this.parameters(), ...this.#snapshots(), final_loss: { shape: [], data: Float64Array.of(this.loss()) } };
    }
  }

  Object.assign(globalThis.supTwin, { Training, normal, source: `${globalThis.supTwin.source}(${part})();\n` });
})();
