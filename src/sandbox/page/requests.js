// Requests: what clients asked, as it happens.

import { OWN, control } from "./api.js";
import { arrows, back, byId, clock, code, copyButton, el, facts, list, say, steps, toast } from "./dom.js";
import { body, curl, formatted } from "./pretty.js";
import { go, route } from "./route.js";
import { state, touch, watch } from "./state.js";

let kind = "";
/** The requests that stay on the page while it is paused. */
let held = null;

/** What became of a request, in one word. */
function kindOf({ status }) {
  if (status === null) return "lost";
  return status < 300 ? "ok" : status < 400 ? "moved" : status < 500 ? "refused" : "failed";
}

/** Whether the page read it for itself. */
export const isOwn = request => request.method === "GET" && (request.query ?? "").split("&").includes(OWN);

/** Everything of a request that can be looked for. Made once: bodies are long. */
const texts = new WeakMap();
function textOf(request) {
  let text = texts.get(request);
  if (text === undefined) {
    text = [request.method, request.path, request.query, request.status ?? "no answer", request.fault, request.request, request.response].join(" ").toLowerCase();
    texts.set(request, text);
  }
  return text;
}

export function start() {
  const rows = byId("request-rows");
  arrows(rows);
  const some = steps(byId("request-more"), draw);
  byId("request-filter").addEventListener("input", draw);
  byId("request-own").addEventListener("change", draw);
  for (const chip of byId("request-chips").querySelectorAll("button")) {
    chip.addEventListener("click", () => {
      kind = chip.dataset.kind;
      for (const other of byId("request-chips").querySelectorAll("button")) other.setAttribute("aria-pressed", other === chip);
      draw();
    });
  }
  byId("request-pause").addEventListener("click", event => {
    held = held ? null : state.requests.slice();
    event.currentTarget.setAttribute("aria-pressed", held !== null);
    draw();
  });
  byId("request-clear").addEventListener("click", async () => {
    try {
      await control("DELETE", "requests");
    } catch (error) {
      toast(error.message);
      return;
    }
    state.requests = [];
    held &&= [];
    touch("requests");
  });

  function draw() {
    if (route().view !== "requests") return;
    const wanted = byId("request-filter").value.trim().toLowerCase();
    const showsOwn = byId("request-own").checked;
    const all = (held ?? state.requests).filter(request => showsOwn || !isOwn(request));
    const found = all.filter(request =>
      (!kind || (kind === "fault" ? request.fault !== null : kindOf(request) === kind)) && (!wanted || textOf(request).includes(wanted)));
    const open = route().key;
    list(rows, some(found), request => request, (request, old) => row(request, String(request.seq) === open, old));
    empty(all.length, found.length);
    detail();
  }
  watch(["requests", "route"], draw);
  watch(["connect"], () => { byId("request-detail").shown = undefined; draw(); });
}

/** A path without what is the same in all of them. */
function path(request) {
  const match = /^(\/projects\/)([0-9a-fA-F-]{36})(\/.*)?$/.exec(request.path);
  const query = request.query ? el("span", { class: "faint" }, `?${request.query}`) : null;
  if (!match) return [request.path, query];
  return [el("span", { class: "faint" }, `${match[1]}${match[2].slice(0, 4)}…`), match[3] ?? "", query];
}

const status = request => el("span", { class: `status ${kindOf(request)}` }, request.status === null ? "no answer" : String(request.status));

function row(request, isOpen, old) {
  if (old && old.isOpen === isOpen) return old;
  const open = () => { go("requests", request.seq); if (matchMedia("(max-width: 899px)").matches) byId("request-detail").querySelector("a, button")?.focus(); };
  const button = el("button", { type: "button", class: "row requests-grid", "aria-current": isOpen ? "true" : null, click: open },
    el("span", { class: "mono faint" }, clock(request.at)),
    el("span", { class: "mono method" }, request.method),
    el("span", { class: "mono path" }, path(request)),
    el("span", { class: "outcome" }, status(request), request.fault ? el("span", { class: "tag fault" }, "fault") : null),
    el("span", { class: "mono end faint" }, `${request.ms} ms`));
  return Object.assign(el("li", {}, button), { isOpen });
}

function empty(all, found) {
  const box = byId("request-empty");
  box.hidden = found > 0;
  document.querySelector("#view-requests .columns").hidden = found === 0;
  if (box.hidden) return;
  if (all > 0) box.replaceChildren(el("p", {}, "No request matches what you look for."));
  else box.replaceChildren(el("h3", {}, "Nothing asked yet"), el("p", {}, "Point a client here, and each request appears as it is answered, with both bodies. ", el("a", { href: "#connect" }, "Connect a client")));
}

function detail() {
  const pane = byId("request-detail");
  const { key } = route();
  const request = (held ?? state.requests).find(request => String(request.seq) === key) ?? null;
  byId("view-requests").classList.toggle("open", Boolean(request));
  if (pane.shown === request) return;
  pane.shown = request;
  if (!request) {
    pane.replaceChildren(el("div", { class: "hint" }, el("p", {}, "Choose a request to see its bodies."), el("p", { class: "faint" }, "The newest thousand are kept.")));
    return;
  }
  const line = curl(request, state.url);
  pane.replaceChildren(
    el("div", { class: "who" }, back("requests"),
      el("div", { class: "title" }, el("h3", { class: "mono wrap" }, `${request.method} ${request.path}`)),
      facts([
        ["Status", status(request)],
        ["Fault", request.fault && `${request.fault}, on purpose`],
        ["Query", request.query && el("span", { class: "mono wrap" }, request.query)],
        ["Took", `${request.ms} ms`],
        ["At", new Date(request.at).toLocaleString()],
      ])),
    part("Repeat it", null, line ? code(line) : el("p", { class: "faint" }, "It holds control characters: no line of a shell could show it.")),
    part("Sent", request.request, request.request ? body(request.request) : el("p", { class: "faint" }, "No body.")),
    part("Answered", request.response, request.response ? body(request.response) : el("p", { class: "faint" }, request.status === null ? "Nothing: the connection was dropped or left hanging." : "No body.")));
  pane.scrollTop = 0;
}

function part(title, text, content) {
  return el("div", { class: "part" }, el("div", { class: "parthead" }, el("h4", {}, title), text ? copyButton(formatted(text)) : null), content);
}
