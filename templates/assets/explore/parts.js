"use strict";
// What the explorables share: drawings in SVG, settings that live in the page's address, and models that train in a worker.
// No modules and no fetch, since a page may have been opened from a disk. Makes the global `explore`.
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const quiet = matchMedia("(prefers-reduced-motion: reduce)");

  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  const svg = (tag, attributes = {}) => set(document.createElementNS(SVG, tag), attributes);

  // Colours from the most to the least important feature, as in the figures (figures/style.py).
  const RAMPS = { default: ["bf8600", "3f8a3a", "0f6d72", "2b3f86"], slate: ["fde725", "86d549", "35b99a", "4f9fd0"] };
  const mixed = (from, to, share) => {
    const part = (hex, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    return `rgb(${[0, 1, 2].map((i) => Math.round(part(from, i) + share * (part(to, i) - part(from, i)))).join(" ")})`;
  };
  const scheme = (colours) => colours[document.body.dataset.mdColorScheme] ?? colours.default;
  function importanceColour(share) {
    const ramp = scheme(RAMPS), place = share * (ramp.length - 1), k = Math.min(Math.floor(place), ramp.length - 2);
    return mixed(ramp[k], ramp[k + 1], place - k);
  }

  // Colours of weights from -1 over 0 to 1, as in the figures.
  const WEIGHTS = { default: ["1f66b0", "e9eaed", "b8202f"], slate: ["5aa7f0", "353a46", "f4726b"] };
  function weightColour(value) {
    const [negative, zero, positive] = scheme(WEIGHTS);
    return mixed(zero, value < 0 ? negative : positive, Math.min(1, Math.abs(value)));
  }

  // What every explorable begins with: its element with the id `explore-name`, its form, its parts by name, and a way to write into
  // them. `drawn` is called again when the page changes its colours.
  function stage(name, drawn) {
    const root = document.getElementById(`explore-${name}`), element = (part) => root.querySelector(`[data-part="${part}"]`);
    if (drawn) new MutationObserver(() => drawn()).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    return { root, form: root.querySelector("form"), element, say: (part, text) => (element(part).textContent = text) };
  }

  // Two axes through the middle of a square from -1.5 to 1.5, for vectors of lengths about one.
  function plane(picture) {
    set(picture, { viewBox: "-1.5 -1.5 3 3" });
    for (const d of ["M-1.4 0H1.4", "M0 -1.4V1.4"]) picture.append(svg("path", { d, class: "explore__axis" }));
    return picture;
  }

  // Arrows from the origin of a plane, one a feature: draw(W, n) takes the weights row by row, (2, n). The picture is turned so
  // that the most important feature points up, a little to the right, unless `as` is "given"; that changes nothing for the model.
  function arrows(picture, as = "turned") {
    plane(picture);
    const drawn = [];
    return function draw(W, n) {
      const angle = as === "given" ? 0 : Math.PI / 2 - Math.atan2(W[n], W[0]) - Math.PI / 18;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let i = 0; i < n; i++) {
        drawn[i] ??= [svg("line"), svg("circle", { r: 0.05 })].map((part) => picture.appendChild(part));
        const [x, y] = [c * W[i] - s * W[n + i], s * W[i] + c * W[n + i]], colour = importanceColour(i / (n - 1));
        set(drawn[i][0], { x2: x, y2: -y, style: `stroke: ${colour}` });
        set(drawn[i][1], { cx: x, cy: -y, style: `fill: ${colour}` });
      }
    };
  }

  // A square of n rows of coloured cells: draw(values, n), values row by row.
  function matrix(picture) {
    const cells = [];
    return function draw(values, n) {
      set(picture, { viewBox: `0 0 ${n} ${n}` });
      while (cells.length > n * n) cells.pop().remove();
      for (let k = 0; k < n * n; k++) {
        cells[k] ??= picture.appendChild(svg("rect", { width: 0.96, height: 0.96 }));
        set(cells[k], { x: (k % n) + 0.02, y: Math.floor(k / n) + 0.02, style: `fill: ${weightColour(values[k])}` });
      }
    };
  }

  // A falling curve on a logarithmic axis, which always fills its height: draw([[step, value], ...], steps).
  function curve(picture) {
    set(picture, { viewBox: "0 0 100 40", preserveAspectRatio: "none" });
    const line = picture.appendChild(svg("polyline", { class: "explore__curve" }));
    return function draw(points, steps) {
      const logs = points.map(([, value]) => Math.log(value)), low = Math.min(...logs), high = Math.max(...logs, low + 1e-9);
      const at = ([step], k) => `${((100 * step) / steps).toFixed(2)},${(38 - (36 * (logs[k] - low)) / (high - low)).toFixed(2)}`;
      line.setAttribute("points", points.map(at).join(" "));
    };
  }

  // A point of space, turned about the vertical axis and tilted, in degrees: its places to the right, up, and towards the reader.
  function projected([x, y, z], { turn, tilt }) {
    const [c, s, u, v] = [turn, tilt].map((degrees) => (degrees * Math.PI) / 180).flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
    return [c * x + s * y, c * v * y - s * v * x + u * z, s * u * x - c * u * y + v * z];
  }

  // Lets a drag on `picture` change the ranges turn and tilt of `form`; `saved` is called when it does.
  function turnable(picture, form, saved) {
    const { turn, tilt } = form.elements;
    let grabbed = null;
    picture.addEventListener("pointerdown", (event) => {
      grabbed = [event.clientX, event.clientY, Number(turn.value), Number(tilt.value)];
      picture.setPointerCapture(event.pointerId);
    });
    picture.addEventListener("pointermove", ({ clientX, clientY }) => {
      if (!grabbed) return;
      const [x, y, turned, tilted] = grabbed;
      turn.value = Math.round((((turned + (clientX - x) / 2) % 360) + 360) % 360);
      tilt.value = Math.round(Math.max(-90, Math.min(90, tilted + (clientY - y) / 2)));
      saved();
    });
    picture.addEventListener("lostpointercapture", () => (grabbed = null));
  }

  // Lets `button` play the values of the range `field` from where it stands, `rate` a second; returns a function that stops it.
  function player(button, field, rate) {
    let timer = 0;
    const halt = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
    };
    const tick = () => {
      if (Number(field.value) >= Number(field.max)) return halt();
      field.value = Number(field.value) + 1;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    button.addEventListener("click", () => {
      if (timer) return halt();
      if (field.value === field.max) field.value = field.min;
      button.textContent = "Stop";
      timer = setInterval(tick, 1000 / rate);
    });
    return halt;
  }

  // The settings of `form`, kept in the address as #name=value&...; `changed(settings)` is called when the user changes one, and
  // `loaded(settings)`, which is the same unless given, when another address does. `words` tells for each name how to say a value;
  // what has the attribute data-words="name" says it.
  function settings(form, words, changed, loaded = changed) {
    const fields = [...form.elements].filter((field) => field.name);
    const defaults = fields.map(({ type, defaultValue, options }) => (type === "select-one" ? options[0].value : defaultValue));
    const value = ({ type, value: text }) => (type === "hidden" || Number.isNaN(Number(text)) ? text : Number(text));
    const read = () => Object.fromEntries(fields.map((field) => [field.name, value(field)]));
    const put = (values) => fields.forEach((field, k) => {
      field.value = values[k] ?? defaults[k];
      if (field.value === "" && field.type !== "hidden" || !field.checkValidity()) field.value = defaults[k];
    });
    let written = location.hash, timer = 0;
    function say() {
      const values = read();
      for (const place of form.querySelectorAll("[data-words]")) place.textContent = words[place.dataset.words](values);
      for (const field of fields) if (field.type === "range") field.setAttribute("aria-valuetext", words[field.name](values));
    }
    function load() {
      const given = new URLSearchParams(location.hash.slice(1));
      put(fields.map((field) => given.get(field.name) ?? undefined));
      say();
    }
    // Browsers limit how often an address may change, and a drag changes it with every movement.
    function write() {
      const all = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      for (const [name, value] of Object.entries(read())) all.set(name, value);
      history.replaceState(null, "", (written = `#${all}`));
    }
    function save() {
      say();
      clearTimeout(timer);
      timer = setTimeout(write, 250);
      changed(read());
    }
    form.addEventListener("input", save);
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", () => {
      if (location.hash === written || !fields.some(({ name }) => location.hash.includes(`${name}=`))) return;
      load();
      loaded(read());
    });
    load();
    const reset = () => {
      put(defaults);
      save();
    };
    return { read, save, reset };
  }

  // Trains a spec in a worker; `failed` is called with a message if it cannot. `seen` is called with {step, steps, parameters, loss},
  // some `looks` times, and the last time with `digest` as well, the content digest of the run with these snapshots, by default one
  // at the start of its last fifth. Returns a function that stops it.
  function train(spec, looks, seen, failed, snapshots) {
    const work = `${supTwin.source}
      onmessage = ({ data: { spec, looks, snapshots } }) => {
        const steps = supTwin.completeRun(spec).recipe.steps, late = Math.floor((4 * steps) / 5);
        const training = new supTwin.Training(spec, snapshots ?? [late]), stride = Math.max(1, Math.floor(steps / looks));
        const look = (more) => postMessage({ step: training.done, steps, parameters: training.parameters(), loss: training.loss(), ...more });
        const go = () => {
          if (training.done === steps) return look({ digest: supTwin.contentDigest(training.result()) });
          look();
          training.advance(stride);
          setTimeout(go, 1000 / 60); // else it would be over before the reader sees anything move
        };
        go();
      };`;
    const address = URL.createObjectURL(new Blob([work], { type: "text/javascript" }));
    const worker = new (globalThis.NativeWorker ?? Worker)(address);
    worker.onmessage = ({ data }) => {
      seen(data);
      if (data.digest) stop();
    };
    worker.onerror = ({ message }) => {
      stop();
      failed(message ?? "The browser starts no worker.");
    };
    const stop = () => {
      worker.terminate();
      URL.revokeObjectURL(address);
    };
    worker.postMessage({ spec, looks, snapshots });
    return stop;
  }

  // The button of a stage that trains, and while it does, stops: `start()` is called to begin. Returns `begin`, which trains as `train`
  // does, and `halt`, which stops that and writes `label` on the button.
  function trainer({ element, say }, start, label = "Train") {
    let stop = null;
    function halt(text = label) {
      stop?.();
      stop = null;
      say("train", text);
    }
    function begin(spec, looks, seen, snapshots) {
      say("train", "Stop");
      stop = train(spec, looks, seen, (message) => {
        halt();
        say("verdict", message);
      }, snapshots);
    }
    element("train").addEventListener("click", () => (stop ? halt() : start()));
    return { begin, halt };
  }

  // Says whether a digest is that of the published run, or of so many published runs.
  function compare({ element, say }, digest, same, count) {
    const runs = count ? "the published runs" : "the published run", all = count ? `${count} of ${count} ${runs}` : runs;
    say("digest", digest);
    say("verdict", same ? `✓ ${all}, bit for bit` : `✗ not ${runs}; please report this browser`);
    element("verdict").dataset.same = String(same);
  }

  // Calls `come` when `element` is first in view, `go` when it is out of view.
  function inView(element, come, go) {
    new IntersectionObserver(([{ isIntersecting }]) => (isIntersecting ? come() : go()), { threshold: 0.3 }).observe(element);
  }

  async function copy(text, button) {
    button.dataset.label ??= button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const dialog = document.createElement("dialog"), area = document.createElement("textarea");
      Object.assign(area, { value: text, rows: text.split("\n").length, cols: 60, readOnly: true });
      area.setAttribute("aria-label", "The program, to be copied");
      dialog.append(area);
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
      area.select();
    }
    setTimeout(() => (button.textContent = button.dataset.label), 1500);
  }

  globalThis.explore = {
    svg, set, quiet, importanceColour, weightColour, stage, plane, arrows, matrix, curve, projected, turnable, player, settings, trainer,
    compare, inView, copy,
  };
})();
