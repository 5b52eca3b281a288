// The lab: one sample, the model that answers it, its neurons sweep by sweep, and the same chip with other hardware.

const CELLS = 10;
const DOTS = 6;
const BRAILLE_BLOCK = 0x2800;
const LETTERS = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";
const WORD = /^[a-z]{3,10}$/;
const PEN_STEP = 10;
const PEN_WIDTH = 24;
const FAINTEST_INK = 32; // of 255: fainter edges of a stroke do not widen the drawing's box
const OLDEST = 10 * 365.25 * 86400; // seconds
const TYPING_MS = 200;
const SWEEP_MS = 350;
const BARS = 6;

const at = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const lab = {
  models: [],
  scenarios: {},
  default: null, // model or scenario that answers where none is named
  forms: [], // kinds of samples that the models take
  seed: 0,
  fault: "", // why the last change of the settings was not applied
  answer: null, // of /v1/predict
  asked: null, // what the look was asked for
  look: null, // of /v1/watch, on the hardware as it is
};

// ---------------------------------------------------------------------------------------------- small helpers

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function later(work, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}

/** A figure with an SI prefix and a unit. */
function figure(value, unit) {
  if (value === 0) return `0 ${unit}`;
  const prefixes = ["f", "p", "n", "µ", "m", "", "k", "M"];
  const power = Math.min(2, Math.max(-5, Math.floor(Math.log10(Math.abs(value)) / 3 + 1e-9)));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${prefixes[power + 5]}${unit}`;
}

function number(value) {
  if (value === null) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e4) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

function duration(seconds) {
  const units = [[365.25 * 86400, "year"], [30.4 * 86400, "month"], [86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const [size, unit] = units.find(([size]) => seconds >= 0.95 * size) ?? units.at(-1);
  const count = Number((seconds / size).toPrecision(2));
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

// ---------------------------------------------------------------------------------------------- the server

class Refused extends Error {}

async function ask(path, body, signal) {
  const how = body ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  let reply;
  try {
    reply = await fetch(path, { ...how, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is ohmgrad serve still running?");
  }
  const told = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(`The server refuses (${reply.status}): ${told.error ?? reply.statusText}`);
  return told;
}

function says(trouble) {
  at("trouble").hidden = !trouble;
  at("trouble").querySelector("p").textContent = trouble;
}

/** Runs work so that a newer run ends an older one, and shows what goes wrong. */
function exclusive(work, busy) {
  let running = new AbortController();
  return async () => {
    running.abort();
    const mine = (running = new AbortController());
    busy.setAttribute("aria-busy", "true");
    try {
      await work(mine.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      says(error.message);
    }
    if (mine === running) busy.removeAttribute("aria-busy");
  };
}

// ---------------------------------------------------------------------------------------------- who answers

function formOf(model) {
  const size = model.shape.join(" × ");
  if (model.takes.includes("word")) return { key: "dots", part: "dots", title: "Braille dots", shape: model.shape };
  if (model.kind === "image") return { key: `image ${size}`, part: "image", title: `drawing, ${model.shape.slice(0, 2).join(" × ")}`, shape: model.shape };
  const field = model.takes.includes("dots") ? "dots" : "input";
  const range = { dots: [-1, 1], signal: [-1, 1] }[model.kind] ?? [-1e6, 1e6];
  return { key: `${field} ${size}`, part: "numbers", title: `${size} numbers`, shape: model.shape, field, range };
}

async function loadModels() {
  const told = await ask("v1/models");
  lab.models = told.models;
  lab.scenarios = told.scenarios;
  lab.default = told.default;
  lab.forms = [...new Map(told.models.map((model) => [formOf(model).key, formOf(model)])).values()];
  lab.fault = told.fault;
}

function fillChoices() {
  const who = at("who");
  const before = who.options.length ? who.value : null;
  const scenarios = Object.keys(lab.scenarios);
  who.replaceChildren(new Option(`let the ${scenarios.length ? "scenario" : "server"} choose`, ""));
  const group = (label, kind, names) => {
    const options = names.map((name) => new Option(name, `${kind}:${name}`));
    if (names.length) who.append(element("optgroup", { label }, ...options));
  };
  group("Model", "model", lab.models.map((model) => model.name));
  group("Scenario", "scenario", scenarios);
  const decided = lab.default !== null || scenarios.length || lab.forms.length === lab.models.length;
  const first = decided ? "" : `model:${lab.models[0].name}`;
  who.value = [...who.options].some((option) => option.value === before) ? before : first;
  const form = at("form");
  const chosen = form.value;
  form.replaceChildren(...lab.forms.map((each) => new Option(each.title, each.key)));
  if (lab.forms.some((each) => each.key === chosen)) form.value = chosen;
}

function chosen() {
  const [kind, name] = at("who").value.split(/:(.*)/);
  return kind ? { [kind]: name } : {};
}

/** The model that is sure to answer; undefined: the server chooses. */
function fixedModel() {
  const { model, scenario } = chosen();
  const name = model ?? lab.scenarios[scenario]?.model;
  return lab.models.find((each) => each.name === name);
}

function form() {
  const model = fixedModel();
  const key = model ? formOf(model).key : at("form").value;
  return lab.forms.find((each) => each.key === key);
}

function showForm() {
  const model = fixedModel();
  const shown = form();
  at("form-field").hidden = Boolean(model) || lab.forms.length < 2;
  for (const part of ["dots", "image", "numbers"]) at(`${part}-form`).hidden = shown.part !== part;
  const fitting = model ? [model] : lab.models.filter((each) => formOf(each).key === shown.key);
  const lines = fitting.map(describe);
  if (lab.fault) lines.push(`The last change of the server's settings is not applied: ${lab.fault}`);
  at("about").replaceChildren(...lines.map((line) => element("p", { class: "note" }, line)));
  const classes = [...new Set(fitting.flatMap((each) => each.classes ?? []))];
  at("words").replaceChildren(...classes.map((name) => new Option(name)));
  if (shown.part === "image") fitPad(shown.shape);
  if (shown.part === "numbers") {
    at("numbers-label").textContent = `${shown.title}, from ${shown.range.join(" to ")}`;
    numbersGiven();
  }
}

function describe(model) {
  const classes = model.classes ?? [];
  const known = classes.length > 12 ? `${classes.length} answers, such as ${classes.slice(0, 4).join(", ")}` : classes.join(", ");
  return `${model.name}: ${model.title}; ${(100 * model.right).toFixed(1)} % right in its test. ${known && `It knows ${known}.`}`;
}

// ---------------------------------------------------------------------------------------------- Braille dots

const dots = Array(CELLS * DOTS).fill(-1);
let typed = Array(CELLS * DOTS).fill(-1); // the dots of the word in the text field

function patternOf(word) {
  return Array.from({ length: CELLS * DOTS }, (_, place) => {
    const letter = word.charCodeAt(Math.floor(place / DOTS)) - 97;
    const mask = letter >= 0 ? LETTERS.charCodeAt(letter) - BRAILLE_BLOCK : 0;
    return (mask >> place % DOTS) & 1 ? 1 : -1;
  });
}

/** The Braille character of each cell. */
function characters(pattern) {
  return Array.from({ length: pattern.length / DOTS }, (_, cell) => {
    const raised = pattern.slice(cell * DOTS, (cell + 1) * DOTS);
    return String.fromCharCode(BRAILLE_BLOCK + raised.reduce((mask, dot, place) => mask + (dot > 0) * 2 ** place, 0));
  });
}

/** What Braille characters read as: letters, and ? for what is none. */
function letters(cells) {
  return cells.map((cell) => {
    if (cell === String.fromCharCode(BRAILLE_BLOCK)) return " ";
    const place = LETTERS.indexOf(cell);
    return place < 0 ? "?" : String.fromCharCode(97 + place);
  });
}

function buildCells() {
  for (let cell = 0; cell < CELLS; cell++) {
    const box = element("div", { class: "cell" });
    for (const dot of [0, 3, 1, 4, 2, 5]) {
      const place = cell * DOTS + dot;
      const label = `cell ${cell + 1}, dot ${dot + 1}`;
      const button = element("button", { type: "button", class: "dot", "data-place": place, "aria-label": label, tabindex: place ? -1 : 0 });
      button.addEventListener("click", () => flip([place]));
      button.addEventListener("keydown", moveAmongDots);
      box.append(button);
    }
    box.append(element("span", { class: "letter", "aria-hidden": "true" }));
    at("cells").append(box);
  }
  showDots();
}

const dotAt = (place) => at("cells").querySelector(`[data-place="${place}"]`);

/** Arrow keys go over the dots as they lie: 20 columns of 3. */
function moveAmongDots(event) {
  const place = Number(event.currentTarget.dataset.place);
  let [column, row] = [2 * Math.floor(place / DOTS) + Math.floor((place % DOTS) / 3), place % 3];
  if (event.key === "ArrowLeft") column -= 1;
  else if (event.key === "ArrowRight") column += 1;
  else if (event.key === "ArrowUp") row -= 1;
  else if (event.key === "ArrowDown") row += 1;
  else if (event.key === "Home") column = 0;
  else if (event.key === "End") column = 2 * CELLS - 1;
  else return;
  event.preventDefault();
  column = Math.min(2 * CELLS - 1, Math.max(0, column));
  row = Math.min(2, Math.max(0, row));
  const next = dotAt(Math.floor(column / 2) * DOTS + (column % 2) * 3 + row);
  event.currentTarget.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function flip(places) {
  for (const place of places) dots[place] *= -1;
  showDots();
  changed();
}

function typeWord() {
  const word = at("word").value.trim().toLowerCase();
  const fits = WORD.test(word);
  at("word").setAttribute("aria-invalid", String(word !== "" && !fits));
  typed = patternOf(/^[a-z]*$/.test(word) ? word : "");
  dots.splice(0, dots.length, ...typed);
  showDots();
  changed();
}

function corrupt() {
  const places = new Set();
  while (places.size < 3) places.add(Math.floor(Math.random() * dots.length));
  flip(places);
}

function showDots() {
  dots.forEach((dot, place) => {
    dotAt(place).setAttribute("aria-pressed", String(dot > 0));
    dotAt(place).classList.toggle("flipped", dot !== typed[place] && at("word").value !== "");
  });
  letters(characters(dots)).forEach((letter, cell) => {
    at("cells").children[cell].querySelector(".letter").textContent = letter;
  });
}

function dotsSample() {
  if (dots.every((dot) => dot < 0)) return null;
  const word = at("word").value.trim().toLowerCase();
  const untouched = word !== "" && dots.every((dot, place) => dot === typed[place]);
  if (!untouched) return { dots: [...dots] };
  return WORD.test(word) ? { word } : null;
}

// ---------------------------------------------------------------------------------------------- drawing

const pad = at("pad");
const ink = pad.getContext("2d", { willReadFrequently: true });
const pen = { x: pad.width / 2, y: pad.height / 2, down: false };

function fitPad([height, width]) {
  at("seen").height = height;
  at("seen").width = width;
  at("seen-size").textContent = `${height} × ${width} pixels`;
  showSeen();
}

function stroke(from, to) {
  ink.lineWidth = PEN_WIDTH;
  ink.lineCap = "round";
  ink.beginPath();
  ink.moveTo(from.x, from.y);
  ink.lineTo(to.x, to.y);
  ink.stroke();
  showSeen();
  changed();
}

function clearPad() {
  ink.clearRect(0, 0, pad.width, pad.height);
  showSeen();
  changed();
}

function listenToPointer() {
  let last = null;
  const here = (event) => {
    const box = pad.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * pad.width, y: ((event.clientY - box.top) / box.height) * pad.height };
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = here(event);
    stroke(last, last);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = here(event);
    stroke(last, now);
    last = now;
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (last = null));
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function drawByKey(event) {
  const step = STEPS[event.key];
  if (step) {
    const to = { x: pen.x + PEN_STEP * step[0], y: pen.y + PEN_STEP * step[1] };
    to.x = Math.min(pad.width, Math.max(0, to.x));
    to.y = Math.min(pad.height, Math.max(0, to.y));
    if (pen.down) stroke(pen, to);
    Object.assign(pen, to);
  } else if (event.key === " ") {
    pen.down = !pen.down;
    at("pen-says").textContent = pen.down ? "pen down" : "pen up";
    if (pen.down) stroke(pen, pen);
  } else if (event.key === "Delete" || event.key === "Backspace") {
    clearPad();
  } else return;
  event.preventDefault();
  showPen(true);
}

function showPen(shown) {
  const mark = at("pen");
  mark.hidden = !shown;
  mark.classList.toggle("down", pen.down);
  mark.style.left = `${(100 * pen.x) / pad.width}%`;
  mark.style.top = `${(100 * pen.y) / pad.height}%`;
}

/** Pixels from 0 to 1, in rows, that the network sees; null: nothing is drawn. */
function pixels() {
  const [height, width] = form().shape;
  const { data } = ink.getImageData(0, 0, pad.width, pad.height);
  const opacity = (x, y) => data[4 * (y * pad.width + x) + 3];
  const box = { left: pad.width, right: -1, top: pad.height, bottom: -1 };
  for (let y = 0; y < pad.height; y++)
    for (let x = 0; x < pad.width; x++)
      if (opacity(x, y) >= FAINTEST_INK) {
        box.left = Math.min(box.left, x);
        box.right = Math.max(box.right, x + 1);
        box.top = Math.min(box.top, y);
        box.bottom = y + 1;
      }
  if (box.right < 0) return null;
  const { left, top, side } = at("centred").checked ? around(box, Math.max(height, width)) : { left: 0, top: 0, side: pad.width };
  const rows = Array.from({ length: height }, () => Array(width).fill(0));
  for (let y = box.top; y < box.bottom; y++)
    for (let x = box.left; x < box.right; x++) {
      const row = Math.floor(((y - top) / side) * height);
      const column = Math.floor(((x - left) / side) * width);
      if (rows[row]?.[column] !== undefined) rows[row][column] += opacity(x, y) / 255;
    }
  const [down, across] = [pointsPer(height, top, side), pointsPer(width, left, side)];
  return rows.map((row, y) => row.map((value, x) => Number((value / (down[y] * across[x])).toFixed(3))));
}

/** How many points of the pad fall into each of the rows or columns that the network sees. */
function pointsPer(number, start, side) {
  const points = Array(number).fill(0);
  for (let place = Math.ceil(start); place < start + side; place++) points[Math.floor(((place - start) / side) * number)] += 1;
  return points;
}

/** The square around a drawing: large images keep a margin as MNIST's do (20 of 28 pixels are drawn on). */
function around(box, size) {
  const side = Math.max(box.right - box.left, box.bottom - box.top) / (size > 16 ? 20 / 28 : 1);
  return { left: (box.left + box.right - side) / 2, top: (box.top + box.bottom - side) / 2, side };
}

function showSeen() {
  const seen = at("seen").getContext("2d");
  const rows = pixels();
  seen.clearRect(0, 0, seen.canvas.width, seen.canvas.height);
  rows?.forEach((row, y) =>
    row.forEach((value, x) => {
      seen.fillStyle = `rgb(0 0 0 / ${value})`;
      seen.fillRect(x, y, 1, 1);
    }),
  );
}

function imageSample() {
  const channels = form().shape[2];
  const rows = pixels();
  return rows && { input: rows.map((row) => row.map((value) => Array(channels).fill(value))) };
}

// ---------------------------------------------------------------------------------------------- numbers

const numbersOf = (shape) => shape.reduce((product, length) => product * length, 1);

function numbersIn(text) {
  return text.split(/[\s,;[\]]+/).filter((word) => word !== "").map(Number);
}

function numbersGiven() {
  const numbers = numbersIn(at("numbers").value);
  const odd = numbers.filter((value) => !Number.isFinite(value)).length;
  at("numbers-hint").textContent = `${numbers.length} of ${numbersOf(form().shape)} numbers${odd ? `; not a number: ${odd}` : ""}`;
  return !odd && numbers.length === numbersOf(form().shape);
}

function nested(flat, [length, ...rest]) {
  if (length === undefined) return flat[0];
  const each = flat.length / length;
  return Array.from({ length }, (_, place) => nested(flat.slice(place * each, (place + 1) * each), rest));
}

function numbersSample() {
  const { field, shape } = form();
  return numbersGiven() ? { [field]: nested(numbersIn(at("numbers").value), shape) } : null;
}

function drawNumbers() {
  const [low, high] = form().range.map((bound) => Math.max(-1, Math.min(1, bound)));
  const draw = () => (form().field === "dots" ? Math.sign(Math.random() - 0.5) : (low + (high - low) * Math.random()).toFixed(2));
  at("numbers").value = Array.from({ length: numbersOf(form().shape) }, draw).join(" ");
  changed();
}

// ---------------------------------------------------------------------------------------------- the answer

const SAMPLES = { dots: dotsSample, image: imageSample, numbers: numbersSample };

function request() {
  const sample = SAMPLES[form().part]();
  return sample && { ...chosen(), ...sample, seed: lab.seed };
}

/** Who answered, so that a look at the chip is a look at that model, whatever the scenarios say by now. */
function sameAgain(asked) {
  const { scenario: _, ...rest } = asked;
  return { ...rest, model: lab.answer.model, version: Number(lab.answer.version) };
}

const answerSample = exclusive(async (signal) => {
  const asked = request();
  if (!asked) return clearAnswer("No sample yet.");
  try {
    lab.answer = await ask("v1/predict", asked, signal);
    says("");
    if (modelOf(lab.answer)?.version !== lab.answer.version) {
      await loadModels();
      fillChoices();
      showForm();
    }
    showAnswer();
    const again = sameAgain(asked);
    const look = await ask("v1/watch", again, signal);
    Object.assign(lab, { asked: again, look });
    showLook();
    compare();
  } catch (error) {
    if (error instanceof Refused) clearAnswer("No answer.");
    throw error;
  }
}, at("answered"));

const changed = later(answerSample, TYPING_MS);

const modelOf = (answer) => lab.models.find((model) => model.name === answer.model);

function clearAnswer(why) {
  lab.answer = lab.look = null;
  at("answer-is").textContent = "–";
  at("answer-more").textContent = "";
  at("why").textContent = why;
  for (const part of ["details", "settling", "what-if", "weights"]) at(part).hidden = true;
  stopPlaying();
}

/** An answer in words: the class, or the letters of restored dots. */
function words(answer) {
  if (!Array.isArray(answer)) return answer;
  if (answer.length !== CELLS * DOTS) return `${answer.filter((dot) => dot > 0).length} of ${answer.length} raised`;
  return letters(characters(answer)).join("").trimEnd() || "blank";
}

function showAnswer() {
  const { answer, why, model, version, settled, sweeps, residual } = lab.answer;
  const { settles, siemens } = modelOf(lab.answer);
  at("answer-is").textContent = words(answer);
  at("answer-more").textContent = Array.isArray(answer) && answer.length === CELLS * DOTS ? characters(answer).join("") : "";
  at("why").textContent = `By ${model}, version ${version}: ${why}.`;
  showBars(at("bars"), lab.answer);
  showCosts();
  const facts = { Settled: settles ? (settled ? "yes" : "no") : "does not settle: one pass" };
  if (settles) facts.Sweeps = number(sweeps);
  if (settles) facts["Last change"] = `${number(residual)} at most`;
  if (siemens.length) facts["Noise seed"] = lab.answer.seed;
  at("again").hidden = !siemens.length;
  at("facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
  at("details").hidden = false;
  showWeights();
}

function bar(share) {
  const filled = element("i");
  filled.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return element("div", { class: "bar", "aria-hidden": "true" }, filled);
}

function showBars(list, { model, output, probabilities }) {
  const { classes } = modelOf({ model });
  const values = probabilities ?? output;
  const largest = classes ? values.map((value, place) => [classes[place], value ?? -Infinity]) : [];
  largest.sort((one, other) => other[1] - one[1]);
  const most = probabilities ? 1 : Math.max(largest[0]?.[1] ?? 0, 1e-30);
  const shown = (value) => (probabilities ? `${(100 * value).toFixed(1)} %` : number(Number.isFinite(value) ? value : null));
  list.replaceChildren(
    ...largest.slice(0, BARS).map(([name, value]) =>
      element("li", {}, element("span", { class: "name", title: name }, name), bar(value / most), element("span", { class: "value" }, shown(value))),
    ),
  );
}

function showCosts() {
  const { joules, seconds, gpu } = lab.answer;
  const row = (name, value, most, unit, kind = "") =>
    element("div", { class: kind }, element("dt", {}, name), element("dd", {}, bar(value / most)), element("dd", { class: "value" }, figure(value, unit)));
  const compared = (title, here, there, unit) => {
    const most = Math.max(here ?? 0, there);
    const rows = here === null ? [] : [row("this chip", here, most, unit, "here")];
    return [element("h3", {}, title), element("dl", { class: "costs" }, ...rows, row(gpu.machine, there, most, unit))];
  };
  at("costs").replaceChildren(...compared("Energy", joules, gpu.joules, "J"), ...compared("Time", seconds, gpu.seconds, "s"));
  at("ratio").textContent = joules === null ? "This model is on ideal weights; no crossbars are priced for it." : compareCosts(joules, seconds, gpu);
}

function compareCosts(joules, seconds, gpu) {
  const times = (here, there, less, more) => {
    const ratio = Math.max(there / here, here / there);
    return `${ratio < 10 ? ratio.toFixed(1) : Number(ratio.toPrecision(2)).toLocaleString("en")} times ${there > here ? less : more}`;
  };
  const energy = times(joules, gpu.joules, "fewer", "more");
  const time = times(seconds, gpu.seconds, "less", "more");
  return `The chip needs ${energy} joules and ${time} time than the ${gpu.machine}, whose figures are an answer's share of a batch.`;
}

// ---------------------------------------------------------------------------------------------- settling

let playing = null;

function showLook() {
  const sweeps = Math.max(...lab.look.layers.map((layer) => layer.sweeps.length));
  const { settles, answering } = modelOf(lab.look);
  at("player").hidden = sweeps < 2;
  at("sweep").max = sweeps;
  const chip = answering === "first" ? "" : ` This is the first chip; alone it answers ${words(lab.look.answer)}.`;
  at("settling-says").textContent = (settles ? "Each sweep updates the neurons of all layers." : "Signals pass through this network once; nothing settles.") + chip;
  at("layers").replaceChildren(...lab.look.layers.map(layerFigure));
  at("settling").hidden = false;
  stopPlaying();
  showSweep(sweeps);
  if (sweeps > 1 && !calm.matches) play();
}

function layerFigure(layer, place) {
  const last = place === lab.look.layers.length - 1;
  const shown = layer.sweeps[0].length;
  const title = `${last ? "Outputs" : `Layer ${place + 1}`}: ${layer.neurons} neurons${shown < layer.neurons ? `, ${shown} of them shown` : ""}`;
  return element("figure", { class: "layer" }, element("h3", {}, title), element("canvas", { role: "img" }), element("figcaption"));
}

function showSweep(sweep) {
  at("sweep").value = sweep;
  at("sweep-number").textContent = `${sweep} of ${at("sweep").max}`;
  lab.look.layers.forEach((layer, place) => {
    const figure = at("layers").children[place];
    const now = layer.sweeps[Math.min(sweep, layer.sweeps.length) - 1];
    const before = layer.sweeps[sweep - 2];
    const most = Math.max(...layer.sweeps.map((values) => Math.max(...values.map(Math.abs))), 1e-30);
    const change = before ? Math.max(...now.map((value, neuron) => Math.abs(value - before[neuron]))) : null;
    drawCells(figure.querySelector("canvas"), now.map((value) => value / most));
    const words = `full colour is ${number(most)}${change === null ? "" : `; no neuron changed by more than ${number(change)}`}`;
    figure.querySelector("figcaption").textContent = words;
    figure.querySelector("canvas").setAttribute("aria-label", `Neurons after sweep ${sweep}; ${words}`);
  });
}

/** A cell per neuron, coloured by its share of the layer's largest activity. */
function drawCells(canvas, shares) {
  const columns = Math.min(shares.length, Math.max(10, Math.ceil(Math.sqrt(2 * shares.length))));
  const cell = shares.length > 128 ? 10 : 24;
  const rows = Math.ceil(shares.length / columns);
  canvas.width = columns * cell;
  canvas.height = rows * cell;
  const colours = getComputedStyle(document.documentElement);
  const colour = (name) => colours.getPropertyValue(name).trim();
  const [ground, line, negative, positive] = ["--ground", "--line", "--negative", "--positive"].map(colour);
  const picture = canvas.getContext("2d");
  const fill = (style, opacity, x, y, side) => {
    picture.fillStyle = style;
    picture.globalAlpha = opacity;
    picture.fillRect(x, y, side, side);
  };
  shares.forEach((share, neuron) => {
    const [x, y] = [(neuron % columns) * cell, Math.floor(neuron / columns) * cell];
    fill(line, 1, x, y, cell - 1);
    fill(ground, 1, x + 1, y + 1, cell - 3);
    fill(share < 0 ? negative : positive, Math.abs(share), x + 1, y + 1, cell - 3);
  });
}

function play() {
  let sweep = 0;
  const step = () => {
    sweep += 1;
    showSweep(sweep);
    if (sweep >= Number(at("sweep").max)) stopPlaying();
  };
  playing = setInterval(step, SWEEP_MS);
  at("play").textContent = "Stop";
  step();
}

function stopPlaying() {
  clearInterval(playing);
  playing = null;
  at("play").textContent = "Play";
}

// ---------------------------------------------------------------------------------------------- other hardware

function age() {
  const place = Number(at("age").value) / 100;
  return place === 0 ? 0 : OLDEST ** place;
}

/** The effects that are chosen; null: none. */
function effects() {
  const without = ["read_noise", "dac"].filter((name) => at(name).checked);
  if (at("adc").value === "ideal") without.push("adc");
  const chosen = { without };
  if (Number(at("adc").value)) chosen.adc_bits = Number(at("adc").value);
  if (at("wires").value !== "") chosen.wire_ohms = Number(at("wires").value);
  if (age()) chosen.age_seconds = Math.round(age());
  return without.length || Object.keys(chosen).length > 1 ? chosen : null;
}

const compare = exclusive(async (signal) => {
  const { asked, look } = lab;
  if (!look || !modelOf(look)) return;
  at("what-if").hidden = !modelOf(look).siemens.length;
  at("plain-is").textContent = words(look.answer);
  showBars(at("plain-bars"), look);
  at("age-is").textContent = age() ? duration(age()) : "none";
  const chosen = effects();
  if (!chosen || at("what-if").hidden) return showChanged(null, "Change something.");
  if (!at("wires").reportValidity()) return showChanged(null, "Wires: 0 to 100 ohm.");
  at("changed-says").textContent = "The chip is built anew …";
  try {
    const changed = await ask("v1/watch", { ...asked, effects: chosen }, signal);
    says("");
    showChanged(changed, String(changed.answer) === String(look.answer) ? "The same answer." : "Another answer.");
  } catch (error) {
    if (error instanceof Refused) showChanged(null, "No answer.");
    throw error;
  }
}, at("compared"));

function showChanged(look, verdict) {
  at("changed-is").textContent = look ? words(look.answer) : "–";
  at("changed-says").textContent = verdict;
  if (look) showBars(at("changed-bars"), look);
  else at("changed-bars").replaceChildren();
}

function resetEffects() {
  for (const name of ["read_noise", "dac"]) at(name).checked = false;
  for (const name of ["adc", "wires"]) at(name).value = "";
  at("age").value = 0;
  compare();
}

// ---------------------------------------------------------------------------------------------- weights

function showWeights() {
  const model = modelOf(lab.answer);
  const key = `${model.name}/${model.version}`;
  at("weights").hidden = false;
  if (at("pictures").dataset.of === key) return;
  at("pictures").dataset.of = key;
  at("pictures").replaceChildren(...model.layers.map((shape, place) => weightsFigure(model, shape, place)));
}

function weightsFigure(model, [rows, columns], place) {
  const title = `Layer ${place + 1}: ${rows} × ${columns}`;
  const source = `v1/models/${encodeURIComponent(model.name)}/layers/${place + 1}?version=${model.version}`;
  const picture = element("img", { src: source, alt: `Weights of layer ${place + 1}`, loading: "lazy", width: columns, height: rows });
  const pixel = Math.max(1, Math.min(8, 320 / Math.max(rows, columns)));
  picture.style.width = `${pixel * columns}px`;
  picture.style.height = "auto";
  const range = model.siemens.length === model.layers.length ? model.siemens[place] : null;
  const caption = range ? `Conductances ${figure(range.least, "S")} to ${figure(range.largest, "S")}, mean ${figure(range.mean, "S")}` : "";
  return element("figure", { class: "layer" }, element("h3", {}, title), picture, element("figcaption", {}, caption));
}

// ---------------------------------------------------------------------------------------------- start

function listen() {
  at("who").addEventListener("change", chooseAgain);
  at("form").addEventListener("change", chooseAgain);
  at("word").addEventListener("input", typeWord);
  at("corrupt").addEventListener("click", corrupt);
  at("clear").addEventListener("click", clearPad);
  at("centred").addEventListener("change", () => {
    showSeen();
    changed();
  });
  pad.addEventListener("keydown", drawByKey);
  pad.addEventListener("focus", () => showPen(pad.matches(":focus-visible")));
  pad.addEventListener("blur", () => showPen(false));
  listenToPointer();
  at("numbers").addEventListener("input", changed);
  at("random").addEventListener("click", drawNumbers);
  at("again").addEventListener("click", () => {
    lab.seed += 1;
    answerSample();
  });
  at("play").addEventListener("click", () => (playing ? stopPlaying() : play()));
  at("sweep").addEventListener("input", () => {
    stopPlaying();
    showSweep(Number(at("sweep").value));
  });
  dark.addEventListener("change", () => lab.look && showSweep(Number(at("sweep").value)));
  at("effects").addEventListener("input", later(compare, TYPING_MS));
  at("age").addEventListener("input", () => (at("age-is").textContent = age() ? duration(age()) : "none"));
  at("reset").addEventListener("click", resetEffects);
  at("retry").addEventListener("click", () => (lab.models.length ? answerSample() : start()));
}

function chooseAgain() {
  showForm();
  clearAnswer("No sample yet.");
  answerSample();
}

async function start() {
  try {
    await loadModels();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return says(error.message);
  }
  if (!lab.models.length) return says("The server has no model that answers yet.");
  says("");
  fillChoices();
  showForm();
  at("lab").hidden = false;
  if (form().part === "dots") giveWord();
}

/** A first word, so that there is something to see. */
function giveWord() {
  const known = lab.models.flatMap((model) => model.classes ?? []);
  at("word").value = known.find((name) => WORD.test(name)) ?? "ohm";
  typeWord();
}

for (let bits = 4; bits <= 12; bits++) at("adc").append(new Option(`${bits} bits`, bits));
buildCells();
listen();
start();
