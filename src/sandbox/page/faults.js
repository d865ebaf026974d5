// Faults: what goes wrong on purpose, and how slowly everything goes.

import { control } from "./api.js";
import { byId, code, el, say } from "./dom.js";
import { state, touch, watch } from "./state.js";

/** The kinds that always have a slider: of requests, then of deliveries. */
const REQUESTS = [
  ["429", "Too many requests", "refused; nothing is done"],
  ["500", "Internal error", "refused; nothing is done"],
  ["503", "Unavailable", "refused; nothing is done"],
  ["drop", "Dropped", "done, but the connection dies before the answer"],
  ["hang", "Hanging", "nothing is done, and no answer comes"],
  ["garbage", "Garbage", "done, but the answer is not JSON"],
];
const DELIVERIES = [
  ["delivery-lost", "Lost", "never sent to the webhook"],
  ["delivery-drop", "Answer lost", "the handler has it, and gets it again"],
  ["delivery-twice", "Twice", "sent two times"],
];
/** The slowest that the sliders go, in milliseconds. */
const SLOWEST = 5000;

/** What the sliders say: rates in percent by kind, times in milliseconds. */
let wanted = { rates: new Map(), latency: [0, 0], late: [0, 0] };
/** Whether it is in force; off, the sliders keep where they stand. */
let isOn = false;
/** When somebody last moved a slider, so that what the server says does not pull it from their hand. */
let moved = 0;
let sending = null;
let isAgain = false;

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function milliseconds(text) {
  const total = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, number, unit]) => sum + number * MILLISECONDS[unit], 0);
  return Math.round(total);
}

function span(text) {
  if (!text) return [0, 0];
  const [least, most = least] = text.split("..");
  return [milliseconds(least), milliseconds(most)];
}

const written = ([least, most]) => (most === 0 ? null : least === most ? `${most}ms` : `${least}ms..${most}ms`);

/** What is in force, as the control plane reads and writes it. */
function rules() {
  const faults = [...wanted.rates].filter(([, percent]) => percent > 0).map(([kind, percent]) => `${kind}:${Number((percent / 100).toFixed(4))}`);
  const late = written(wanted.late);
  if (late) faults.push(`delivery-late:${late}`);
  return { faults, latency: written(wanted.latency) };
}

function take({ faults, latency }) {
  const rates = new Map();
  let late = [0, 0];
  for (const rule of faults) {
    const [kind, value] = rule.split(":");
    if (kind === "delivery-late") late = span(value);
    else rates.set(kind, (rates.get(kind) ?? 0) + value * 100);
  }
  wanted = { rates, latency: span(latency), late };
}

export function start() {
  byId("fault-switch").addEventListener("click", () => {
    isOn = !isOn;
    const { faults, latency } = rules();
    if (isOn && faults.length === 0 && !latency) wanted.rates.set("503", 30);
    draw();
    put();
  });
  watch(["faults"], () => {
    const { faults, latency } = state.faults;
    const isAny = faults.length > 0 || Boolean(latency);
    if (Date.now() - moved > 1000 && !sending) {
      isOn = isAny;
      if (isAny) take(state.faults);
      draw();
    }
  });
  draw();
}

/** Puts it in force. What is moved meanwhile is sent when the answer is there. */
async function put() {
  moved = Date.now();
  if (sending) {
    isAgain = true;
    return;
  }
  do {
    isAgain = false;
    const body = isOn ? rules() : { faults: [], latency: null };
    sending = control("PUT", "faults", { ...body, seed: state.faults.seed });
    try {
      state.faults = await sending;
      say(byId("fault-error"), "");
    } catch (error) {
      say(byId("fault-error"), error.message);
    }
  } while (isAgain);
  sending = null;
  touch("faults");
}

/** The sliders are made once per kind, and then moved. */
const dials = new Map();

function dial(id, title, what, top, step, read, write, show) {
  const input = el("input", { type: "range", min: 0, max: top, step, "aria-label": title, "aria-describedby": `about-${id}` });
  const output = el("output", {});
  const update = () => {
    const value = read();
    input.value = value;
    input.style.setProperty("--part", `${Math.min(value / top, 1) * 100}%`);
    input.setAttribute("aria-valuetext", show(value));
    say(output, show(value));
    node.classList.toggle("set", value > 0);
  };
  input.addEventListener("input", () => {
    write(Number(input.value));
    const { faults, latency } = rules();
    isOn = faults.length > 0 || Boolean(latency);
    draw();
    put();
  });
  const node = el("div", { class: `dial ${/^(\d|drop$|hang$|garbage$)/.test(id) ? kindClass(id) : ""}`, "data-kind": id },
    el("div", { class: "dialhead" }, el("span", { class: "dialname" }, title), output), input, el("p", { class: "faint", id: `about-${id}` }, what));
  dials.set(id, { node, update });
  return node;
}

/** All rates of requests share one whole: what one gets more, the others get less room. */
function rate(kind, isRequest) {
  return percent => {
    const others = isRequest ? [...wanted.rates].filter(([other]) => other !== kind && !other.startsWith("delivery-")).reduce((sum, [, rate]) => sum + rate, 0) : 0;
    wanted.rates.set(kind, Math.min(percent, Math.max(0, 100 - others)));
  };
}

const percent = value => `${Number(value.toFixed(1))} %`;
const time = value => (value >= 1000 ? `${Number((value / 1000).toFixed(2))} s` : `${value} ms`);

function times(name, title, what) {
  const at = place => value => {
    const pair = wanted[name];
    pair[place] = value;
    // The other end goes along: the shorter time stays the shorter one.
    if (pair[0] > pair[1]) pair[1 - place] = value;
  };
  return [
    dial(`${name}-least`, `${title}, at least`, what, SLOWEST, 50, () => wanted[name][0], at(0), time),
    dial(`${name}-most`, `${title}, at most`, "evenly spread between the two", SLOWEST, 50, () => wanted[name][1], at(1), time),
  ];
}

function build() {
  const group = (title, ...content) => el("fieldset", {}, el("legend", {}, title), el("div", { class: "dialgrid" }, ...content));
  const rates = (kinds, isRequest) => kinds.map(([kind, title, what]) => dial(kind, title, what, 100, 1, () => wanted.rates.get(kind) ?? 0, rate(kind, isRequest), percent));
  const titled = REQUESTS.map(([kind, title, what]) => [kind, /^\d/.test(kind) ? `${kind} ${title}` : title, what]);
  const others = [...wanted.rates.keys()].filter(kind => ![...REQUESTS, ...DELIVERIES].some(([known]) => known === kind));
  const extra = others.map(kind => [kind, kind, "refused; nothing is done"]);
  byId("dials").replaceChildren(
    group("Requests", ...rates([...titled, ...extra], true)),
    group("Latency", ...times("latency", "Answers wait", "before every answer")),
    group("Deliveries to webhooks", ...rates(DELIVERIES, false), ...times("late", "Deliveries wait", "before every delivery")));
}

function draw() {
  if (dials.size === 0 || [...wanted.rates.keys()].some(kind => !dials.has(kind))) build();
  dials.forEach(dial => dial.update());
  byId("fault-switch").setAttribute("aria-checked", isOn);
  say(byId("fault-word"), isOn ? "On" : "Off");
  byId("dials").classList.toggle("off", !isOn);
  forecast();
  const { faults, latency } = isOn ? rules() : { faults: [], latency: null };
  const options = [...faults.map(rule => `--fault ${rule}`), ...(latency ? [`--latency ${latency}`] : [])];
  byId("fault-command").replaceChildren(code(`spectrum sandbox faults ${options.join(" ") || "--none"}`));
}

/** A hundred requests and what they meet, on average. */
function forecast() {
  const cells = [];
  const said = [];
  if (isOn) {
    let sum = 0;
    for (const [kind, percent] of wanted.rates) {
      if (kind.startsWith("delivery-") || percent <= 0) continue;
      sum += percent;
      while (cells.length < Math.min(Math.round(sum), 100)) cells.push(kind);
      said.push([kind, `${Number(percent.toFixed(1))} ${/^\d/.test(kind) ? `× ${kind}` : { drop: "dropped", hang: "hanging", garbage: "garbage" }[kind] ?? kind}`]);
    }
  }
  const fine = 100 - cells.length;
  const box = byId("forecast");
  if (!box.hasChildNodes()) box.append(...Array.from({ length: 100 }, () => el("i")));
  [...box.children].forEach((cell, at) => { cell.className = at < fine ? "" : kindClass(cells[at - fine]); });
  const [least, most] = isOn ? wanted.latency : [0, 0];
  const wait = most === 0 ? "" : least === most ? `, after ${time(most)}` : `, after ${time(least)} to ${time(most)}`;
  const words = [["", `${fine} answered${wait}`], ...said];
  box.setAttribute("aria-label", `Of a hundred requests, on average: ${words.map(([, word]) => word).join(", ")}`);
  byId("legend").replaceChildren(el("span", { class: "faint" }, "Of the next hundred requests"), ...words.map(([kind, word]) => el("span", { class: `swatch ${kind ? kindClass(kind) : ""}` }, word)));
}

function kindClass(kind) {
  if (kind === "drop" || kind === "hang" || kind === "garbage") return kind;
  return Number(kind) >= 500 ? "failed" : "refused";
}
