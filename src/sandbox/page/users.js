// Users: who may be messaged, and what they text.

import { control } from "./api.js";
import { aged, arrows, back, byId, copyButton, el, facts, list, say, steps, toast } from "./dom.js";
import { explain, go, route } from "./route.js";
import { dropUser, keepUser, optIn, state, touch, watch } from "./state.js";

/** What each person texted from this page, by the user's id. */
const texted = new Map();
/** What was written and not sent, by the user's id. */
const drafts = new Map();

/** A person's name, or failing that the number. */
export const nameOf = user => [user.firstName, user.lastName].filter(Boolean).join(" ") || user.phoneNumber;

const isIn = user => user.meta?.opt_in === true;

export function start() {
  const rows = byId("user-rows");
  arrows(rows);
  const some = steps(byId("user-more"), draw);
  byId("user-filter").addEventListener("input", draw);
  form();

  function draw() {
    if (route().view !== "users") return;
    const wanted = byId("user-filter").value.trim().toLowerCase();
    const matches = user => `${nameOf(user)} ${user.phoneNumber} ${user.assignedPhoneNumber} ${user.email ?? ""}`.toLowerCase().includes(wanted);
    const all = [...state.users.values()].reverse();
    const found = wanted ? all.filter(matches) : all;
    const open = route().key;
    list(rows, some(found), user => user.id, (user, old) => row(user, user.id === open, old));
    empty(all.length, found.length);
    detail();
  }
  watch(["users", "route"], draw);
  watch(["attempts", "texted"], () => { if (route().view === "users") detail(); });
  watch(["reset"], () => { texted.clear(); touch("texted"); });
}

function row(user, isOpen, old) {
  if (old?.user === user && old.isOpen === isOpen) return old;
  const button = el("button", { type: "button", class: "row users-grid", "aria-current": isOpen ? "true" : null, click: () => { go("users", user.id); byId("text")?.focus(); } },
    el("span", { class: "name" }, nameOf(user), user.type === "dedicated" ? el("span", { class: "tag" }, "dedicated") : null,
      user.meta?.project_owner ? el("span", { class: "tag" }, "owner") : null),
    el("span", { class: "mono phone" }, user.phoneNumber),
    el("span", { class: "mono faint assigned" }, user.assignedPhoneNumber),
    el("span", { class: isIn(user) ? "opt in" : "opt" }, isIn(user) ? "opted in" : "not yet"),
    el("span", { class: "end faint" }, aged(user.createdAt)));
  return Object.assign(el("li", {}, button), { user, isOpen });
}

function empty(all, found) {
  const box = byId("user-empty");
  box.hidden = found > 0 || !state.isReady;
  document.querySelector("#view-users .columns").hidden = found === 0;
  if (box.hidden) return;
  if (all > 0) {
    box.replaceChildren(el("p", {}, "Nobody matches. Part of a name, a number or an e-mail is enough."));
    return;
  }
  box.replaceChildren(
    el("h3", {}, "Nobody yet"),
    el("p", {}, "A user is a person whom your bot may message. Create one, then text as them: the number opts in, and your webhook hears of it."),
    el("button", { type: "button", class: "primary", click: () => { show(true); invent(); byId("user-first").focus(); } }, "Create the first user"));
}

/** Opens and closes the form. */
function show(isOpen) {
  byId("user-form").hidden = !isOpen;
  byId("user-new").setAttribute("aria-expanded", isOpen);
  if (isOpen) byId("user-phone").focus();
}

/** A number that belongs to nobody: 555-0100 to 555-0199 are kept for fiction. */
function invent() {
  const taken = new Set([...state.users.values()].map(user => user.phoneNumber));
  const areas = [415, 212, 206, 312, 617, 303, 512, 503];
  for (let number = 100; number < 200; number += 1) {
    const free = areas.map(area => `+1${area}5550${number}`).find(phone => !taken.has(phone));
    if (free) {
      byId("user-phone").value = free;
      return;
    }
  }
}

function form() {
  const fields = { phone: byId("user-phone"), first: byId("user-first"), last: byId("user-last"), email: byId("user-email"), line: byId("user-line") };
  byId("user-new").addEventListener("click", () => show(byId("user-form").hidden));
  byId("user-cancel").addEventListener("click", () => { show(false); byId("user-new").focus(); });
  byId("user-example").addEventListener("click", invent);
  byId("user-form").addEventListener("keydown", event => {
    if (event.key === "Escape") { show(false); byId("user-new").focus(); }
  });
  watch(["users"], () => {
    const lines = state.lines.filter(line => line.phoneNumber);
    if (fields.line.options.length === lines.length + 1) return;
    fields.line.replaceChildren(el("option", { value: "" }, "a shared number"),
      ...lines.map(line => el("option", { value: line.phoneNumber }, `the line ${line.phoneNumber}`)));
  });
  byId("user-form").addEventListener("submit", async event => {
    event.preventDefault();
    const wrong = byId("user-error");
    say(wrong, "");
    // What people put between digits for the eye is no part of a number.
    const phoneNumber = fields.phone.value.replace(/[\s().-]/g, "");
    if (!/^\+[1-9]\d{6,14}$/.test(phoneNumber)) {
      say(wrong, "Write the number with its country: +14155550123.");
      fields.phone.focus();
      return;
    }
    const given = field => field.value.trim() || null;
    const person = {
      type: fields.line.value ? "dedicated" : "shared",
      phoneNumber,
      assignedPhoneNumber: fields.line.value || undefined,
      firstName: given(fields.first),
      lastName: given(fields.last),
      email: given(fields.email),
    };
    await create(person, error => wrong.replaceChildren(...explain(error)), user => {
      for (const field of Object.values(fields)) field.value = "";
      show(false);
      go("users", user.id);
      byId("text")?.focus();
    });
  });
}

async function create(person, failed, made) {
  // The event may be here before the answer.
  const known = new Set(state.users.keys());
  try {
    const data = await state.api.call("POST", "/users/", person);
    const user = data.user ?? data;
    const isKnown = known.has(user.id);
    keepUser(user);
    if (user.phoneNumber !== person.phoneNumber) toast(`That e-mail belongs to ${user.phoneNumber}: the service answered with their row.`);
    else toast(isKnown ? `${nameOf(user)} was registered already.` : `${nameOf(user)} got ${user.assignedPhoneNumber}.`);
    made(user);
  } catch (error) {
    failed(error);
  }
}

async function remove(user) {
  try {
    await state.api.call("DELETE", `/users/${encodeURIComponent(user.id)}/`);
  } catch (error) {
    toast(error.message);
    return;
  }
  dropUser(user.id);
  go("users");
  byId("user-new").focus();
  const { type, phoneNumber, firstName, lastName, email } = user;
  const person = { type: type ?? "shared", phoneNumber, firstName, lastName, email, assignedPhoneNumber: type === "dedicated" ? user.assignedPhoneNumber : undefined };
  toast(`Deleted ${nameOf(user)}. The number is remembered.`, "Register again", () => create(person, error => toast(error.message), () => {}));
}

/** The conversation beside the list. It is drawn anew only for another person: what is being written stays. */
function detail() {
  const pane = byId("user-detail");
  const { key } = route();
  const user = state.users.get(key);
  byId("view-users").classList.toggle("open", Boolean(user));
  if (!user) {
    if (pane.shown !== "nobody") {
      pane.shown = "nobody";
      pane.replaceChildren(el("div", { class: "hint" }, el("p", {}, "Choose a person to text as them."),
        el("p", { class: "faint" }, "The text arrives at the number that was assigned to them, opts them in, and is delivered to every webhook.")));
    }
    return;
  }
  if (pane.shown !== user) {
    if (pane.shown?.id === user.id) pane.querySelector(".who").replaceWith(who(user));
    else pane.replaceChildren(who(user), el("ol", { class: "chat", id: "chat", tabindex: 0, "aria-label": "What they texted", "aria-live": "polite" }), composer(user));
    pane.shown = user;
  }
  conversation(user);
}

function who(user) {
  return el("div", { class: "who" }, back("users"),
    el("div", { class: "title" }, el("h3", {}, nameOf(user)), el("span", { class: isIn(user) ? "opt in" : "opt" }, isIn(user) ? "opted in" : "not opted in yet"),
      el("button", { type: "button", class: "danger", click: () => remove(user) }, "Delete")),
    facts([
      ["Phone", el("span", { class: "mono" }, user.phoneNumber)],
      ["Assigned", el("span", { class: "mono" }, user.assignedPhoneNumber)],
      ["E-mail", user.email],
      ["Id", el("span", { class: "withcopy" }, el("span", { class: "mono cut" }, user.id), copyButton(user.id))],
    ]));
}

function composer(user) {
  const input = el("input", { id: "text", autocomplete: "off", placeholder: `Text as ${nameOf(user)}`, "aria-label": `Text as ${nameOf(user)}`, input: () => drafts.set(user.id, input.value) });
  input.value = drafts.get(user.id) ?? "";
  const submit = event => {
    event.preventDefault();
    if (!input.value.trim()) return;
    send(user.id, input.value);
    input.value = "";
    drafts.delete(user.id);
  };
  return el("form", { class: "composer", submit }, input, el("button", { class: "primary" }, "Send"));
}

async function send(id, text) {
  const user = state.users.get(id);
  const message = { text, at: new Date().toISOString(), sent: null, error: null };
  if (!texted.has(id)) texted.set(id, []);
  texted.get(id).push(message);
  touch("texted");
  try {
    message.sent = await control("POST", "messages", { from: user.phoneNumber, to: user.assignedPhoneNumber, text });
    if (message.sent.optedInNow) optIn(id);
  } catch (error) {
    message.error = error;
  }
  touch("texted");
}

function conversation(user) {
  const chat = byId("chat");
  const messages = texted.get(user.id) ?? [];
  if (messages.length === 0) {
    if (!chat.isBlank) chat.replaceChildren(el("li", { class: "blank" }, isIn(user) ? "They have texted before. Write as they would." : "Nothing yet. Their first text opts them in."));
    chat.isBlank = true;
    chat.rows = new Map();
    return;
  }
  if (chat.isBlank) chat.replaceChildren();
  chat.isBlank = false;
  const isAtEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40 || chat.childElementCount < messages.length;
  list(chat, messages, message => message, bubble);
  if (isAtEnd) chat.scrollTop = chat.scrollHeight;
}

/** A message, and under it what became of it. */
function bubble(message, old) {
  const notes = [];
  if (message.error) notes.push(["bad", explain(message.error)]);
  else if (!message.sent) notes.push(["", ["on its way …"]]);
  else {
    if (message.sent.optedInNow) notes.push(["good", ["Opted in: from now on they can be messaged"]]);
    if (message.sent.deliveries.length === 0) notes.push(["", ["No webhook to tell. ", el("a", { href: "#webhooks" }, "Register one")]]);
    for (const delivery of message.sent.deliveries) notes.push(outcome(delivery));
  }
  const said = notes.map(([kind, parts]) => kind + parts.map(part => part.textContent ?? part).join("")).join("\n");
  if (old?.said === said) return old;
  const node = el("li", {}, el("p", { class: "bubble" }, message.text),
    ...notes.map(([kind, parts]) => el("p", { class: `note ${kind}` }, ...parts)));
  return Object.assign(node, { said });
}

function outcome(delivery) {
  const attempt = state.attempts.find(attempt => attempt.id === delivery.id);
  const link = text => el("a", { href: `#webhooks/${attempt.seq}` }, text);
  if (!attempt) return ["", [`To ${delivery.url} …`]];
  const place = ` ${delivery.url}`;
  switch (attempt.outcome) {
    case "delivered": return ["good", [link(`${attempt.status} in ${attempt.ms} ms`), place]];
    case "retrying": return ["warn", [link(`${attempt.error ?? attempt.status}, again soon`), place]];
    default: return ["bad", [link(`Given up: ${attempt.error ?? attempt.status}`), place]];
  }
}
