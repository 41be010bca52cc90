"use strict";
// Moves the limits of all claims, and shows whose verdicts change: with all of them, or with one claim on a line of numbers.
(function () {
  const { root, form, element, say } = explore.stage("strict"), ledger = JSON.parse(root.dataset.claims);
  const claims = ledger.map(([id, verdict, value, interval, holds, agrees, unit]) => ({ id, verdict, value, interval, holds, agrees, unit }));
  const MOST = Number(form.elements.strict.max), SIGNS = JSON.parse(root.dataset.signs);
  const share = (strict) => `${Math.abs(strict)} %`;
  const words = {
    strict: ({ strict }) => (strict ? `${strict > 0 ? "tightened" : "eased"} by ${share(strict)}` : "as they are"),
  };

  // A range with its limits moved by a share of its width, or of the limit itself where it has only one.
  function moved(range, strict) {
    if (!range) return [-Infinity, Infinity];
    const [low, high] = [range[0] ?? -Infinity, range[1] ?? Infinity], width = high - low;
    const by = (limit) => (Number.isFinite(limit) ? (strict / 100) * (Number.isFinite(width) ? width : Math.abs(limit)) : 0);
    return [low + by(low), high - by(high)];
  }

  // The rule of figures/base.py, for a claim whose models decide.
  function ruled({ value, interval, holds, agrees }, strict) {
    if (value === null) return "undecided";
    const [from, to] = interval ? [interval[0] ?? -Infinity, interval[1] ?? Infinity] : [value, value];
    const [low, high] = moved(holds, strict), [least, most] = moved(agrees, strict);
    if (low <= from && to <= high) return to < least || from > most ? "differs" : "reproduced";
    return to < low || from > high ? "not reproduced" : "undecided";
  }

  // What something else than a range has decided, such as models that have not settled, stays.
  const verdict = (claim, strict) => (claim.holds && ruled(claim, 0) === claim.verdict ? ruled(claim, strict) : claim.verdict);
  const named = (word) => `${SIGNS[word]} ${word}`;

  // How far the limits must move until the verdict of a claim is another one.
  function turns(claim) {
    const found = [["eased", -1], ["tightened", 1]].flatMap(([word, sign]) => {
      for (let strict = 1; strict <= MOST; strict++) {
        const then = verdict(claim, sign * strict);
        if (then !== claim.verdict) return [`${word} by ${share(strict)}: ${named(then)}`];
      }
      return [];
    });
    return found.join("; ") || `it stays the same for all limits up to ${share(MOST)} away`;
  }

  function list(strict) {
    const flipped = claims.map((claim) => [claim, verdict(claim, strict)]).filter(([claim, then]) => then !== claim.verdict);
    element("flips").replaceChildren(...flipped.map(([{ id, verdict: now }, then]) => {
      const item = document.createElement("li"), link = Object.assign(document.createElement("a"), { href: `#${id}`, textContent: id });
      item.append(link, `: ${named(now)} → ${named(then)}`);
      return item;
    }));
    say("changed", `${flipped.length} of ${claims.length}`);
    for (const kind of Object.keys(SIGNS)) say(kind, claims.filter((claim) => verdict(claim, strict) === kind).length);
  }

  // The claim on a line: the range in which it holds as a band, the interval as a bar, the number as a dot.
  function line(claim, strict) {
    const picture = element("line"), { value, interval, unit } = claim, range = moved(claim.holds, strict);
    picture.replaceChildren();
    const reach = [-MOST, 0, MOST].flatMap((s) => [...moved(claim.holds, s), ...(claim.agrees ? moved(claim.agrees, s) : [])]);
    const known = [...reach, value, ...(interval ?? [])].filter((x) => x !== null && Number.isFinite(x));
    const [least, most] = [Math.min(...known), Math.max(...known)], margin = 0.08 * (most - least || 1);
    const at = (x) => Math.max(0, Math.min(100, (100 * (x - least + margin)) / (most - least + 2 * margin)));
    const band = ([low, high], y, height, name) => picture.append(explore.svg("rect", { x: at(low), width: Math.max(0, at(high) - at(low)), y, height, class: name }));
    if (claim.holds) band(range, 4, 12, "explore__band");
    if (claim.agrees) band(moved(claim.agrees, strict), 16, 2, "explore__agrees");
    const [from, to] = interval ? [interval[0] ?? -Infinity, interval[1] ?? Infinity] : [value, value];
    if (value !== null) picture.append(explore.svg("path", { d: `M${at(from)} 10H${at(to)}`, class: "explore__curve" }), explore.svg("path", { d: `M${at(value)} 10h0`, class: "explore__point" }));
    const text = ([low, high]) => (low > high ? "nothing is left" : Number.isFinite(low) && Number.isFinite(high) ? `${short(low)} to ${short(high)}` : Number.isFinite(low) ? `at least ${short(low)}` : `at most ${short(high)}`);
    const short = (x) => String(Number(x.toPrecision(4)));
    say("here", value === null ? "not defined" : `${short(value)}${interval ? ` (${text([from, to])})` : ""} ${unit}`);
    say("needed", claim.holds ? `${text(range)}${claim.agrees ? `; the paper's: ${text(moved(claim.agrees, strict))}` : ""}` : "nothing that can be measured here");
    say("verdict", named(verdict(claim, strict)));
    say("turns", turns(claim));
  }

  function draw() {
    const { strict, one } = settings.read();
    list(strict);
    line(claims.find(({ id }) => id === one) ?? claims[0], strict);
  }

  root.hidden = false;
  form.elements.one.append(...claims.map(({ id }) => new Option(id, id)));
  const settings = explore.settings(form, words, draw);
  draw();
  element("reset").addEventListener("click", settings.reset);
})();
