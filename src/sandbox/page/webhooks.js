// Webhooks: where events go, and how each attempt went.

import { control } from "./api.js";
import { arrows, back, byId, clock, code, confirm, el, facts, list, say, steps, toast } from "./dom.js";
import { explain, go, route } from "./route.js";
import { loadWebhooks, state, watch } from "./state.js";

export function start() {
  const rows = byId("delivery-rows");
  arrows(rows);
  const some = steps(byId("delivery-more"), draw);
  form();

  function draw() {
    if (route().view !== "webhooks") return;
    list(byId("webhook-rows"), state.webhooks, webhook => webhook.id, endpoint);
    const nobody = byId("webhook-empty");
    nobody.hidden = state.webhooks.length > 0;
    if (!nobody.hidden && !nobody.hasChildNodes()) {
      nobody.append(el("h3", {}, "No endpoint yet"), el("p", {}, "Register where your bot listens on this machine. Each text is delivered there, signed as the service signs, and tried again when it fails."));
    }
    const mine = state.attempts.filter(attempt => attempt.projectId?.toLowerCase() === state.project?.id.toLowerCase());
    const open = route().key;
    list(rows, some(mine), attempt => attempt, (attempt, old) => row(attempt, String(attempt.seq) === open, old));
    const nothing = byId("delivery-empty");
    nothing.hidden = mine.length > 0;
    document.querySelector("#view-webhooks .columns").hidden = mine.length === 0;
    if (!nothing.hidden && !nothing.hasChildNodes()) {
      nothing.append(el("p", {}, "Nothing delivered yet. ", el("a", { href: "#users" }, "Text as a user"), ", and every attempt shows here."));
    }
    detail(mine);
  }
  watch(["webhooks", "attempts", "route"], draw);
  watch(["reset", "connect"], () => byId("webhook-secret").replaceChildren());
}

function form() {
  const url = byId("webhook-url");
  byId("webhook-form").addEventListener("submit", async event => {
    event.preventDefault();
    const wrong = byId("webhook-error");
    say(wrong, "");
    if (!url.value.trim()) {
      say(wrong, "Write where your bot listens: http://127.0.0.1:3000/hook.");
      url.focus();
      return;
    }
    try {
      const made = await state.api.call("POST", "/webhooks/", { webhookUrl: url.value.trim(), schemaVersion: byId("webhook-schema").value });
      url.value = "";
      secrets(made);
      await loadWebhooks();
    } catch (error) {
      wrong.replaceChildren(...explain(error));
    }
  });
}

/** The secrets of a new webhook, which no later answer shows. */
function secrets(made) {
  const text = `SPECTRUM_WEBHOOK_SECRET=${made.signingSecret}\nSPECTRUM_WEBHOOK_STANDARD_SECRET=${made.standardSigningSecret}`;
  const box = byId("webhook-secret");
  box.replaceChildren(el("div", { class: "once" },
    el("div", { class: "parthead" }, el("h3", {}, "Its secrets, shown this once"), el("button", { type: "button", click: () => { box.replaceChildren(); byId("webhook-url").focus(); } }, "Done")),
    code(text)));
  box.querySelector(".copy").focus();
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(error.message);
  }
  await loadWebhooks();
}

function endpoint(webhook, old) {
  const said = JSON.stringify(webhook);
  if (old?.said === said) return old;
  const isOn = webhook.enabled !== false && (webhook.status ?? "active") === "active";
  const path = `/webhooks/${encodeURIComponent(webhook.id)}`;
  const node = el("li", { class: "endpoint" },
    el("span", { class: isOn ? "opt in" : "opt" }, isOn ? "active" : webhook.disabledReason ?? "disabled"),
    el("span", { class: "mono wrap" }, webhook.webhookUrl),
    el("span", { class: "faint" }, webhook.schemaVersion ?? "normalized-events.v1"),
    el("span", { class: "actions" },
      webhook.schemaVersion === "raw-inbound.v1"
        ? el("button", { type: "button", click: () => attempt(() => state.api.call("PATCH", path, { enabled: !isOn })) }, isOn ? "Disable" : "Enable")
        : el("button", { type: "button", click: () => upgrade(webhook, path) }, "Upgrade"),
      el("button", { type: "button", class: "danger", click: () => attempt(() => state.api.call("DELETE", `${path}/`)) }, "Delete")));
  return Object.assign(node, { said });
}

/** The service switches only raw webhooks off and on, and never turns one back. */
async function upgrade(webhook, path) {
  const isSure = await confirm("Send raw events?", `${webhook.webhookUrl} gets raw-inbound.v1 from now on. As with the service, there is no way back; after it the webhook can be switched off and on.`, "Upgrade");
  if (isSure) attempt(() => state.api.call("PATCH", path, { schemaVersion: "raw-inbound.v1" }));
}

const WORDS = { delivered: ["ok", "delivered"], retrying: ["refused", "trying again"], gave_up: ["failed", "given up"] };

function outcome({ outcome, status }) {
  const [kind, word] = WORDS[outcome] ?? ["", outcome];
  return el("span", { class: `status ${kind}` }, status === null ? word : `${status} ${word}`);
}

function row(attempt, isOpen, old) {
  if (old && old.isOpen === isOpen) return old;
  const open = () => { go("webhooks", attempt.seq); if (matchMedia("(max-width: 899px)").matches) byId("delivery-detail").querySelector("a, button")?.focus(); };
  const button = el("button", { type: "button", class: "row deliveries-grid", "aria-current": isOpen ? "true" : null, click: open },
    el("span", { class: "mono faint" }, clock(attempt.at)),
    el("span", { class: "mono path" }, attempt.url),
    el("span", { class: "faint nth" }, attempt.attempt ? `attempt ${attempt.attempt}` : "not sent"),
    el("span", { class: "outcome" }, outcome(attempt)),
    el("span", { class: "mono end faint" }, attempt.ms === null ? "" : `${attempt.ms} ms`));
  return Object.assign(el("li", {}, button), { isOpen });
}

function detail(attempts) {
  const pane = byId("delivery-detail");
  const { key } = route();
  const shown = attempts.find(attempt => String(attempt.seq) === key) ?? null;
  byId("view-webhooks").classList.toggle("open", Boolean(shown));
  if (pane.shown === shown) return;
  pane.shown = shown;
  if (!shown) {
    pane.replaceChildren(el("div", { class: "hint" }, el("p", {}, "Choose a delivery to see what was sent."), el("p", { class: "faint" }, "A webhook that fails gets the same event up to six times, as from the service.")));
    return;
  }
  pane.replaceChildren(el("div", { class: "who" }, back("webhooks"),
    el("div", { class: "title" }, el("h3", { class: "mono wrap" }, shown.url), el("button", { type: "button", class: "primary", click: () => redeliver(shown) }, "Redeliver")),
    facts([
      ["Outcome", outcome(shown)],
      ["Why", shown.error && el("span", { class: "wrap" }, shown.error)],
      ["Fault", shown.fault && `${shown.fault}, on purpose`],
      ["Attempt", shown.attempt ? String(shown.attempt) : "none was made"],
      ["Took", shown.ms === null ? null : `${shown.ms} ms`],
      ["At", new Date(shown.at).toLocaleString()],
      ["Event", shown.event],
      ["Event id", el("span", { class: "mono wrap" }, shown.eventId)],
      ["Message", el("span", { class: "mono wrap" }, shown.messageId)],
      ["Repeats", shown.redeliveryOf && el("span", { class: "mono wrap" }, shown.redeliveryOf)],
    ])),
  el("div", { class: "part" }, el("div", { class: "parthead" }, el("h4", {}, "Headers")),
    code(Object.entries(shown.headers).map(([name, value]) => `${name}: ${value}`).join("\n") || "None: nothing was sent.")));
  pane.scrollTop = 0;
}

async function redeliver(attempt) {
  try {
    await control("POST", `deliveries/${encodeURIComponent(attempt.id)}/redeliver`);
    toast("Sent again. The new attempt is at the top of the list.");
  } catch (error) {
    toast(error.message);
  }
}
