"use strict";
// Trains runs of a figure's sweeps again, and compares their digests with the published ones.
document.querySelectorAll("[id^=explore-again-]").forEach((section) => {
  const stage = explore.stage(section.id.slice("explore-".length)), { root, form, element, say } = stage;
  const runs = JSON.parse(root.dataset.runs), snapshots = JSON.parse(root.dataset.snapshots), [{ name }] = form.elements;
  const chosen = () => runs[settings.read()[name]];
  const { begin, halt } = explore.trainer(stage, start);

  // What was found belongs to another run.
  function forget() {
    halt();
    for (const part of ["step", "loss"]) say(part, "—");
    for (const part of ["digest", "verdict"]) say(part, "");
    say("published", chosen()[3]);
  }

  function seen({ step, steps, loss, digest }) {
    say("step", `${step} of ${steps}`);
    say("loss", loss.toPrecision(4));
    if (!digest) return;
    halt();
    explore.compare(stage, digest, digest === chosen()[3]);
  }

  function start() {
    forget();
    begin(chosen()[1], 40, seen, snapshots);
  }

  root.hidden = false;
  const settings = explore.settings(form, {}, forget);
  forget();
  element("copy").addEventListener("click", ({ target }) => explore.copy(chosen()[2], target));
  explore.inView(root, () => {}, halt);
});
