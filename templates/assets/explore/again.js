"use strict";
// Trains runs of a figure's sweeps again, and compares their digests with the published ones.
document.querySelectorAll("[id^=explore-again-]").forEach((section) => {
  const { root, form, element, say } = explore.stage(section.id.slice("explore-".length));
  const runs = JSON.parse(root.dataset.runs), snapshots = JSON.parse(root.dataset.snapshots), [{ name }] = form.elements;
  const chosen = () => runs[settings.read()[name]];
  let stop = null;

  function halt() {
    stop?.();
    stop = null;
    say("train", "Train");
  }

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
    const same = digest === chosen()[3];
    halt();
    say("digest", digest);
    say("verdict", same ? "✓ the published run, bit for bit" : "✗ not the published run; please report this browser");
    element("verdict").dataset.same = String(same);
  }

  function start() {
    forget();
    say("train", "Stop");
    stop = explore.train(chosen()[1], 40, seen, (message) => {
      halt();
      say("verdict", message);
    }, snapshots);
  }

  root.hidden = false;
  const settings = explore.settings(form, {}, forget);
  forget();
  element("train").addEventListener("click", () => (stop ? halt() : start()));
  element("copy").addEventListener("click", ({ target }) => explore.copy(chosen()[2], target));
  explore.inView(root, () => {}, halt);
});
