"use strict";
// What a run is, in plain JavaScript: its spec, the canonical text and digest of it, and the digest of what it gave.
// The same texts and SHA-256 as sup/specs.py, sup/features.py and sup/canonical.py. A script of its own, with no modules, that
// a page, a worker or Node can load; it makes the global `supTwin`, to which twin.js adds the training.
//
// A spec is a plain object with the fields of sup.specs.Run, and so may come from JSON; fields left out have the same defaults:
//   {model: "relu-output", n_features: 5, n_hidden: 2, distribution: {kind: "Independent", density: 0.1}, recipe: {steps: 2000}}
// JSON does not tell 1 from 1.0, but a field is known to hold ints or floats. A seed beyond 2^53 is a string of its digits.
(function part() {
  // What sets a model apart: sup.specs.TRAITS.
  const TRAITS = {
    "linear": { tied: true, hidden: false, output: false, target: "x" },
    "relu-output": { tied: true, hidden: false, output: true, target: "x" },
    "relu-hidden": { tied: true, hidden: true, output: true, target: "x" },
    "absolute": { tied: false, hidden: true, output: true, target: "|x|" },
  };

  function must(holds, name, meaning, value) {
    const shown = typeof value === "object" || typeof value === "string" ? JSON.stringify(value) : String(value);
    if (!holds) throw new RangeError(`${name} is ${meaning}; got ${shown}.`);
  }

  // Python's float.hex(): 1.5 is 0x1.8000000000000p+0, the smallest subnormal number 0x0.0000000000001p-1022.
  function floatHex(value) {
    must(Number.isFinite(value), "a float", "a finite number", value);
    const view = new DataView(new ArrayBuffer(8)), hex = (word, digits) => word.toString(16).padStart(digits, "0");
    view.setFloat64(0, value);
    const high = view.getUint32(0), sign = high >>> 31 ? "-" : "", exponent = (high >>> 20) & 0x7ff;
    if (value === 0) return `${sign}0x0.0p+0`;
    const power = exponent ? exponent - 1023 : -1022, digits = hex(high & 0xfffff, 5) + hex(view.getUint32(4), 8);
    return `${sign}0x${exponent ? 1 : 0}.${digits}p${power < 0 ? "" : "+"}${power}`;
  }

  // Types of fields: `read` checks a value and gives it its one form, `text` writes that form canonically.
  const tuple = (items) => `["t"${items.map((item) => `,${item}`).join("")}]`;
  const plain = (holds, meaning, text) => ({
    read(value, name) {
      must(holds(value), name, meaning, value);
      return value;
    },
    text,
  });
  const model = plain((value) => Object.hasOwn(TRAITS, value), `one of ${Object.keys(TRAITS).join(", ")}`, JSON.stringify);
  const int = plain(Number.isSafeInteger, "an int", String);
  const float = plain(Number.isFinite, "a finite number", (value) => `["f","${floatHex(value)}"]`);
  const seed = {
    read(value, name) {
      const exact = ["string", "bigint"].includes(typeof value) || Number.isSafeInteger(value);
      const holds = exact && /^\d+$/.test(value) && BigInt(value) < 2n ** 63n;
      must(holds, name, "an int of at least 0 and below 2^63, as a string of digits where it is beyond 2^53", value);
      return BigInt(value).toString();
    },
    text: String,
  };
  const list = (type, meaning) => ({
    read(value, name) {
      must(Array.isArray(value) && value.length > 0, name, meaning, value);
      return value.map((item) => type.read(item, name));
    },
    text: (value) => tuple(value.map(type.text)),
  });
  const floats = list(float, "a list of numbers"), sizes = list(int, "a list with the number of features of each set");
  const knots = list(floats, "a list of knots [share of training, factor]");
  const perFeature = {
    read: (value, name) => (Array.isArray(value) ? floats : float).read(value, name),
    text: (value) => (Array.isArray(value) ? floats : float).text(value),
  };
  // An option that this twin does not have: it stands at its default, at which the canonical text leaves it out.
  const without = (value) => ({
    read(given, name) {
      must(given === value, name, `${JSON.stringify(value)} here; train models with another in the Python package`, given);
      return given;
    },
  });
  const recipe = { read: (value, name) => complete("Recipe", value, name), text: (value) => classText("Recipe", value) };
  const distribution = {
    read(value, name) {
      const known = ["Independent", "Correlated", "Anticorrelated"];
      must(known.includes(value?.kind), name, `an object whose kind is one of ${known.join(", ")}`, value);
      const { kind, ...fields } = value;
      return { kind, ...complete(kind, fields, name) };
    },
    text: (value) => classText(value.kind, value),
  };

  // The fields of each class in the order of its text: [name, type, default].
  const UNIT_NORM = ["unit_norm", without(false), false];
  const SETS = [["sizes", sizes], ["density", perFeature], UNIT_NORM];
  const FIELDS = {
    Run: [["model", model], ["n_features", int], ["n_hidden", int], ["distribution", distribution], ["importance", perFeature, 1],
      ["recipe", recipe, {}], ["seed", seed, 0], ["activation", without("relu"), "relu"]],
    Recipe: [["steps", int, 10000], ["batch", int, 1024], ["learning_rate", float, 1e-3], ["schedule", knots, [[0, 1], [1, 1]]],
      ["weight_decay", float, 0.01], ["beta1", float, 0.9], ["beta2", float, 0.999], ["epsilon", float, 1e-8],
      ["init_scale", float, 1], ["l1", without(0), 0], ["attack", without(0), 0], ["dataset", without(null), null]],
    Independent: [["density", perFeature], ["low", perFeature, 0], ["high", perFeature, 1], UNIT_NORM],
    Correlated: SETS,
    Anticorrelated: SETS,
  };

  // The object with every field in its one form; a misspelt field is refused, not left out.
  function complete(kind, given, name) {
    const names = FIELDS[kind].map(([field]) => field), meaning = `an object with fields of ${kind}`;
    must(given !== null && typeof given === "object" && !Array.isArray(given), name, meaning, given);
    for (const field of Object.keys(given))
      must(names.includes(field), `a field of ${kind}`, `one of ${names.join(", ")}`, field);
    const read = ([field, type, initial]) => [field, type.read(field in given ? given[field] : initial, field)];
    return Object.fromEntries(FIELDS[kind].map(read));
  }

  function classText(kind, value) {
    const written = FIELDS[kind].filter(([, type]) => type.text);
    return `["${kind}"${written.map(([field, type]) => `,["${field}",${type.text(value[field])}]`).join("")}]`;
  }

  // A value for each of `count` features or sets: a number is shared by all, a list is taken as it is.
  const each = (value, count) => (Array.isArray(value) ? value : Array(count).fill(value));

  function checkRecipe(r) {
    const { schedule } = r, last = schedule.length - 1;
    must(r.steps >= 1 && r.steps < 2 ** 32, "steps", "the number of updates, an int of at least 1", r.steps);
    must(r.batch >= 64 && r.batch % 64 === 0, "batch", "the samples per update, a positive multiple of 64", r.batch);
    must(r.learning_rate > 0 && r.learning_rate < 1, "learning_rate", "AdamW's step size, in (0, 1)", r.learning_rate);
    const decay = r.weight_decay, decays = decay >= 0 && decay * r.learning_rate < 1;
    must(decays, "weight_decay", "the decay per unit of learning rate, at least 0 and below 1 / learning_rate", decay);
    for (const name of ["beta1", "beta2"])
      must(r[name] >= 0 && r[name] < 1, name, "a share of the past that is kept, in [0, 1)", r[name]);
    must(r.epsilon > 0, "epsilon", "added to a root to keep a quotient finite, so above 0", r.epsilon);
    must(r.init_scale >= 0, "init_scale", "a factor on the initial weights, at least 0", r.init_scale);
    const rising = last >= 1 && schedule[0][0] === 0 && schedule[last][0] === 1;
    const fit = (knot, i) => knot.length === 2 && knot[1] >= 0 && (i === 0 || schedule[i - 1][0] < knot[0]);
    const meaning = "knots [share, factor] with shares rising from 0 to 1 and factors of at least 0";
    must(rising && schedule.every(fit), "schedule", meaning, schedule);
  }

  function checkDistribution(features, n) {
    const { kind, density, low, high } = features;
    const inside = each(density, 1).every((value) => value > 0 && value <= 1);
    must(inside, "density", "the chance 1 - S that a feature is active, in (0, 1]", density);
    const lists = (kind === "Independent" ? [density, low, high] : []).filter(Array.isArray);
    must(lists.every((values) => values.length === n), "distribution", `about all ${n} features`, features);
    if (kind === "Independent") {
      const highs = each(high, n);
      must(each(low, n).every((value, j) => value < highs[j]), "low", `below high (${JSON.stringify(high)})`, low);
      return;
    }
    must(features.sizes.every((size) => size >= 1), "sizes", "the number of features of each set, at least 1", features.sizes);
    must(features.sizes.reduce((a, b) => a + b) === n, "distribution", `about all ${n} features`, features);
    must(each(density, features.sizes.length).length === features.sizes.length, "density", "one number for each set", density);
  }

  // The spec with every field; what sup.specs.Run refuses is refused.
  function completeRun(spec) {
    const run = complete("Run", spec, "a spec");
    for (const [name, meaning] of [["n_features", "the width n of the input"], ["n_hidden", "the width m of the hidden layer"]])
      must(run[name] >= 1 && run[name] < 2 ** 16, name, `${meaning}, an int of at least 1`, run[name]);
    checkDistribution(run.distribution, run.n_features);
    const weights = each(run.importance, run.n_features);
    const fit = weights.length === run.n_features && weights.every((weight) => weight >= 0);
    must(fit, "importance", `the weight of each of the ${run.n_features} features in the loss, none below 0`, run.importance);
    checkRecipe(run.recipe);
    return run;
  }

  const K = Uint32Array.of(
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  );

  // SHA-256 (FIPS 180-4) of bytes, as 64 hexadecimal digits. The browser's own is missing on pages opened from a disk.
  function sha256(bytes) {
    const padded = new Uint8Array(((bytes.length + 72) >>> 6) << 6), view = new DataView(padded.buffer), w = new Int32Array(64);
    padded.set(bytes);
    padded[bytes.length] = 0x80;
    view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
    view.setUint32(padded.length - 4, bytes.length << 3);
    const turn = (x, k) => (x >>> k) | (x << (32 - k));
    const state = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
      for (let i = 16; i < 64; i++) {
        const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
    }
    return [...state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  // SHA-256 of the canonical text of parts, given as canonical texts, under a tag.
  const digest = (tag, ...parts) => sha256(new TextEncoder().encode(tuple([`"${tag}"`, ...parts])));

  const canonicalText = (spec) => classText("Run", completeRun(spec));
  const specDigest = (spec) => digest("spec", canonicalText(spec));

  // The two words of the key of a run's stream; `eval` belongs to the task, so runs that learn the same are judged on the same.
  function streamKey(spec, stream) {
    const run = completeRun(spec), task = [distribution.text(run.distribution), String(run.n_features)];
    const text = digest("stream", `"${stream === "eval" ? digest("task", ...task) : specDigest(run)}"`, `"${stream}"`);
    return [parseInt(text.slice(0, 8), 16), parseInt(text.slice(8, 16), 16)];
  }

  // SHA-256 of name, dtype, shape and little-endian bytes of each array, {name: {shape, data}}, names sorted.
  function contentDigest(arrays) {
    const parts = Object.keys(arrays).sort().flatMap((name) => {
      const { shape, data } = arrays[name], size = data.BYTES_PER_ELEMENT;
      const view = new DataView(new ArrayBuffer(size * data.length));
      data.forEach((value, i) => (size === 4 ? view.setFloat32(4 * i, value, true) : view.setFloat64(8 * i, value, true)));
      const header = tuple([JSON.stringify(name), `"<f${size}"`, tuple(shape)]);
      return [...new TextEncoder().encode(header), ...new Uint8Array(view.buffer)];
    });
    return sha256(Uint8Array.from(parts));
  }

  // `source` is these scripts as text: a page opened from a disk can start a worker from it, and from no file.
  globalThis.supTwin = {
    source: `(${part})();\n`, completeRun, canonicalText, specDigest, streamKey, contentDigest, floatHex, sha256, each, TRAITS,
  };
})();
