// Connect: what a client needs to know, in the words of where it runs.

import { byId, code, el } from "./dom.js";
import { state, watch } from "./state.js";

const CALLS = [
  ["GET", "health", "Whether it serves; needs no header: spectrum sandbox wait asks it"],
  ["GET", "connect", "The base URL and the projects, with their secrets"],
  ["GET", "requests?after=N&limit=N", "The journal, oldest first"],
  ["DELETE", "requests", "Empties the journal"],
  ["GET", "faults", "The faults in force"],
  ["PUT", "faults", 'Replaces them: {"faults": ["503:0.3"], "latency": "50ms..400ms", "seed": null}'],
  ["POST", "messages", 'Texts as a person: {"from": "+14155550123", "text": "Hello"}'],
  ["GET", "deliveries?after=N&limit=N", "Each attempt to reach a webhook"],
  ["POST", "deliveries/{id}/redeliver", "Sends a delivery again"],
  ["GET", "events", "Requests, users, deliveries and faults, as they happen (server-sent events)"],
  ["POST", "reset", "Back to the seed, or to nothing"],
];

export function start() {
  watch(["connect"], draw);
  byId("calls").append(...CALLS.map(([method, path, what]) =>
    el("div", { class: "call" }, el("span", { class: "mono method" }, method), el("span", { class: "mono wrap" }, `/_sandbox/${path}`), el("span", { class: "faint" }, what))));
}

/** A text as one word of a shell. */
const quoted = text => (/^[\w:/.@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function draw() {
  if (!state.project) return;
  const { id, secret } = state.project;
  const variables = [["SPECTRUM_CLOUD_URL", state.url], ["SPECTRUM_PROJECT_ID", id], ["SPECTRUM_PROJECT_SECRET", secret]];
  const lines = write => variables.map(([name, value]) => write(name, value)).join("\n");
  const host = new URL(state.url).host;
  const card = (title, text, note) => el("div", { class: "card" }, el("h3", {}, title), code(text), el("p", { class: "faint" }, note));
  byId("connect-cards").replaceChildren(
    card("Shell", lines((name, value) => `export ${name}=${quoted(value)}`), "Paste it where your bot is started."),
    card(".env", lines((name, value) => `${name}=${quoted(value)}`), "For whatever reads dotenv files."),
    card("Docker", `docker run --rm --network host \\\n${variables.map(([name, value]) => `  -e ${name}=${quoted(value)} \\`).join("\n")}\n  your-bot`,
      "Host networking, because the sandbox listens on this machine alone. Elsewhere: serve --listen 0.0.0.0:8787 --allow-remote."),
    card("GitHub Actions", `env:\n${lines((name, value) => `  ${name}: ${JSON.stringify(value)}`)}\nsteps:\n  - run: spectrum sandbox serve --memory --listen ${host} &\n  - run: spectrum sandbox wait --for 10s\n  - run: npm test`,
      "One job, no service container. The store lives in memory."));
}
