"use strict";
// Answers the questions in a JSON file with the JavaScript twin: `node answers.js questions.json`; LOOPS=1 in the environment
// leaves WebAssembly out.
const assets = `${__dirname}/../../templates/assets`;
require(`${assets}/twin-spec.js`);
if (!process.env.LOOPS) require(`${assets}/twin-simd.js`);
require(`${assets}/twin.js`);
const twin = globalThis.supTwin;

// An error is an answer, too.
const attempt = (work) => {
  try { return work(); } catch (error) { return `${error.name}: ${error.message}`; }
};

// The digests of a run at its start, after one update (what the self-check calls `optimiser`) and, in pieces, at its end.
function train({ spec, piece }) {
  const training = new twin.Training(spec), early = attempt(() => training.result());
  const start = twin.contentDigest(training.parameters());
  training.advance(1);
  const seen = { ...training.parameters(), loss: { shape: [], data: Float64Array.of(training.loss()) } };
  const snapshot = Object.fromEntries(Object.entries(seen).map(([name, array]) => [`snapshot_${name}`, array]));
  while (training.advance(piece) < training.steps);
  const optimiser = twin.contentDigest(snapshot), trained = twin.contentDigest(training.result());
  return { start, early, optimiser, trained, spec: twin.specDigest(spec) };
}

// The content digest of a run with snapshots, trained in pieces.
function observed({ spec, snapshots }) {
  const training = new twin.Training(spec, snapshots);
  while (training.advance(4) < training.steps);
  return twin.contentDigest(training.result());
}

const answer = {
  observed: (questions) => questions.map(observed),
  train: (questions) => questions.map((question) => attempt(() => train(question))),
  texts: (specs) => specs.map(twin.canonicalText),
  refused: (specs) => specs.map((spec) => attempt(() => twin.specDigest(spec))),
  floats: (values) => values.map(twin.floatHex),
  sha256: (messages) => messages.map((bytes) => twin.sha256(Uint8Array.from(bytes))),
  content: (arrays) => twin.contentDigest(Object.fromEntries(Object.entries(arrays).map(([name, { shape, bits, data }]) =>
    [name, { shape, data: bits === 32 ? Float32Array.from(data) : Float64Array.from(data) }]))),
  traits: () => twin.TRAITS,
  vectors: (specs) => specs.map((spec) => Boolean(twin.blocks?.(twin.completeRun(spec), [0, 0]))),
  normals: (words) => words.map((word) => twin.normal(word)),
  // Nothing but the scripts' own text, in a context that has no scripts.
  source: (spec) => require("node:vm").runInNewContext(
    `${twin.source} const training = new supTwin.Training(${JSON.stringify(spec)});
     training.advance(training.steps); supTwin.contentDigest(training.result())`, { TextEncoder, WebAssembly }),
};
const questions = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
const answers = Object.entries(questions).map(([kind, asked]) => [kind, answer[kind](asked)]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
