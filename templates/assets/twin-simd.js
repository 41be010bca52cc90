"use strict";
// The gradients of a block of samples as WebAssembly, which this script writes for a model's sizes: four samples at a time, and
// float32 arithmetic that needs no rounding from doubles. The same bits as the loops of twin.js, which train where a browser has
// no such WebAssembly. Needs twin-spec.js before it and adds to `supTwin`:
//   supTwin.blocks(run, key)  // null, or the parameters with the lanes of their gradients, and block(counter, step)
(function part() {
  const { each, TRAITS } = globalThis.supTwin, LANES = 64, ROW = 4 * LANES;

  // Instructions of the stack machine, as bytes (WebAssembly 2.0, chapter 5).
  function unsigned(value) {
    const bytes = [];
    for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
    return [...bytes, value];
  }
  function signed(value) {
    const bytes = [];
    for (; value < -64 || value > 63; value >>= 7) bytes.push((value & 127) | 128);
    return [...bytes, value & 127];
  }
  const get = (local) => [0x20, ...unsigned(local)], set = (local) => [0x21, ...unsigned(local)];
  const whole = (value) => [0x41, ...signed(value | 0)], simd = (code) => [0xfd, ...unsigned(code)];
  const real = (value) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer), ...simd(0x13)];
  const ADD = simd(0xae), XOR = simd(0x51), OR = simd(0x50), AND = simd(0x4e), SPLAT = simd(0x11), BELOW = simd(0x3a);
  const PLUS = simd(0xe4), MINUS = simd(0xe5), TIMES = simd(0xe6), SIZE = simd(0xe0), ABOVE = simd(0x44), FLOAT = simd(0xfb);
  const left = (bits) => [...whole(bits), ...simd(0xab)], right = (bits) => [...whole(bits), ...simd(0xad)];
  const load = (address) => [...simd(0), 4, ...unsigned(address)], store = (address) => [...simd(0x0b), 4, ...unsigned(address)];
  const number = (address) => [...whole(0), ...simd(0x09), 2, ...unsigned(address)];  // one float32, four times
  const four = (...words) => [...simd(0x0c), ...new Uint8Array(Int32Array.from(words).buffer)];
  const ZERO = four(0, 0, 0, 0);

  const LOW = 0, HIGH = 1, KEYS = [2, 3, 4], AT = 5, FIRST = 6;  // locals: arguments, an offset, then vectors
  const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
  const name = (text) => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];

  // `body` for offsets from 0 to `end`, 16 bytes apart.
  const loop = (end, body) => [
    ...whole(0), ...set(AT), 0x03, 0x40, ...body,
    ...get(AT), ...whole(16), 0x6a, 0x22, AT, ...whole(end), 0x49, 0x0d, 0, 0x0b,
  ];

  // Threefry as in twin.js, the words of four counters at a time.
  function words(to, pairs) {
    const [x0, x1, next] = [FIRST, FIRST + 1, FIRST + 2];
    const key = (k, more) => [...get(KEYS[k]), ...whole(more), 0x6a, ...SPLAT];
    const round = (bits) => [
      ...get(x0), ...get(x1), ...ADD, ...set(x0),
      ...get(x1), ...left(bits), ...get(x1), ...right(32 - bits), ...OR, ...get(x0), ...XOR, ...set(x1),
    ];
    const inject = (k, more) => [
      ...get(x0), ...key(k, 0), ...ADD, ...set(x0), ...get(x1), ...key((k + 1) % 3, more), ...ADD, ...set(x1),
    ];
    return [
      ...get(LOW), ...SPLAT, ...four(0, 1, 2, 3), ...ADD, ...key(0, 0), ...ADD, ...set(next),
      ...loop(4 * pairs, [
        ...get(next), ...set(x0), ...get(HIGH), ...SPLAT, ...key(1, 0), ...ADD, ...set(x1),
        ...[13, 15, 26, 6].flatMap(round), ...inject(1, 1), ...[17, 29, 16, 24].flatMap(round), ...inject(2, 2),
        ...[13, 15, 26, 6].flatMap(round), ...inject(0, 3), ...round(17),
        ...get(AT), ...get(x0), ...store(to), ...get(AT), ...get(x1), ...store(to + 4 * pairs),
        ...get(next), ...four(4, 4, 4, 4), ...ADD, ...set(next),
      ]),
    ];
  }

  // Where things lie in memory: parameters, the lanes of their gradients, and the words of a block.
  function places(n, m, tied) {
    let end = 0;
    const room = (bytes) => (end += Math.ceil(bytes / 16) * 16) - Math.ceil(bytes / 16) * 16;
    const W = room(4 * n * m), V = tied ? W : room(4 * n * m), b = room(4 * n);
    const GW = room(ROW * n * m), GV = tied ? GW : room(ROW * n * m), GB = room(ROW * n), U = room(ROW * n);
    return { W, V, b, GW, GV, GB, U, end };
  }

  function program({ n_features: n, n_hidden: m, distribution, importance, model }, at) {
    const { hidden, output, target, tied } = TRAITS[model], spare = FIRST;
    const vectors = (count, from) => Array.from({ length: count }, (_, k) => from + k);
    const X = vectors(n, FIRST + 3), Z = vectors(n, FIRST + 3 + n), H = vectors(m, FIRST + 3 + 2 * n), D = vectors(m, FIRST + 3 + 2 * n + m);
    const [density, low, high, weight] = [distribution.density, distribution.low, distribution.high, importance].map((field) => each(field, n));
    const madd = (factors) => [...factors, ...TIMES, ...PLUS];  // onto what lies on the stack
    const over = (gate, value) => [...get(value), ...get(gate), ...ZERO, ...ABOVE, ...AND, ...set(value)];  // zero where not gate > 0
    const sample = (x, j) => {
      const most = Math.max(1, Math.floor(density[j] * 2 ** 31));
      return [
        ...get(AT), ...load(at.U + ROW * j), ...right(1), ...set(spare),
        ...real(low[j]), ...madd([...get(spare), ...FLOAT, ...real((high[j] - low[j]) / most)]),
        ...get(spare), ...whole(most), ...SPLAT, ...BELOW, ...AND, ...set(x),
      ];
    };
    const toHidden = (matrix, rows, sums) => sums.flatMap((sum, a) => [
      ...ZERO, ...rows.flatMap((row, j) => madd([...number(matrix + 4 * (a * n + j)), ...get(row)])), ...set(sum),
    ]);
    const toOutput = (z, j) => [
      ...number(at.b + 4 * j), ...H.flatMap((h, a) => madd([...number(at.V + 4 * (a * n + j)), ...get(h)])), ...set(z),
    ];
    const error = (z, j) => [
      ...get(z), ...get(X[j]), ...(target === "|x|" ? SIZE : []), ...MINUS, ...real(weight[j]), ...TIMES,
      ...(output ? [...get(z), ...ZERO, ...ABOVE, ...AND] : []), ...set(z),
      ...get(AT), ...get(AT), ...load(at.GB + ROW * j), ...get(z), ...PLUS, ...store(at.GB + ROW * j),
    ];
    const onto = (place, products) => [...get(AT), ...get(AT), ...load(place), ...products.flatMap(madd), ...store(place)];
    const outer = (a, j) => {
      const inward = [...get(D[a]), ...get(X[j])], outward = [...get(H[a]), ...get(Z[j])], k = ROW * (a * n + j);
      return tied ? onto(at.GW + k, [inward, outward]) : [...onto(at.GW + k, [inward]), ...onto(at.GV + k, [outward])];
    };
    const body = [
      ...words(at.U, (LANES / 2) * n),
      ...loop(ROW, [
        ...X.flatMap(sample), ...toHidden(at.W, X, H), ...(hidden ? H.flatMap((h) => over(h, h)) : []),
        ...Z.flatMap(toOutput), ...Z.flatMap(error),
        ...toHidden(at.V, Z, D), ...(hidden ? D.flatMap((d, a) => over(H[a], d)) : []),
        ...H.flatMap((_, a) => X.flatMap((_, j) => outer(a, j))),
      ]),
    ];
    const locals = [2, 1, 0x7f, ...unsigned(3 + 2 * (n + m)), 0x7b], code = [...locals, ...body, 0x0b];
    return Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      ...section(1, [1, 0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0]), ...section(3, [1, 0]),
      ...section(5, [1, 0, ...unsigned(Math.ceil(at.end / 65536))]),
      ...section(7, [2, ...name("memory"), 2, 0, ...name("block"), 0, 0]), ...section(10, [1, ...unsigned(code.length), ...code]),
    ]);
  }

  // A complete run's parameters and the lanes of their gradients, W and V (hidden feature) and b, and block(counter, step), which
  // adds a block's gradients; `key` is that of the stream of samples. Null for features in sets, and where there is no SIMD.
  function blocks(run, key) {
    if (run.distribution.sizes || globalThis.WebAssembly === undefined) return null;
    const { n_features: n, n_hidden: m } = run, at = places(n, m, TRAITS[run.model].tied);
    try {
      const { memory, block } = new WebAssembly.Instance(new WebAssembly.Module(program(run, at))).exports;
      const view = (P, G, count) => ({
        P: new Float32Array(memory.buffer, P, count), lanes: new Float32Array(memory.buffer, G, count * LANES),
      });
      const key2 = key[0] ^ key[1] ^ 0x1bd11bda;
      return {
        W: view(at.W, at.GW, n * m), V: view(at.V, at.GV, n * m), b: view(at.b, at.GB, n),
        block: (counter, step) => block(counter, step, key[0], key[1], key2),
      };
    } catch {
      return null;
    }
  }

  Object.assign(globalThis.supTwin, { blocks, source: `${globalThis.supTwin.source}(${part})();\n` });
})();
