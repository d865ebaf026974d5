// Elements, lists and small controls. Text from elsewhere becomes a text node or an attribute that is only shown:
// nothing here, nor anywhere on this page, reads text as markup.

/** The element with this id. */
export const byId = id => document.getElementById(id);

/**
 * Makes an element. Functions among the attributes listen to the event of their name; `true` sets an attribute that has
 * no value, `false` and `null` leave it out. Children are nodes or texts; `null` is left out.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}

/** Shows a text in place of what an element held; does nothing where it stands already, for the sake of screen readers. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Brings a list's rows in line with its items, each known by its key: rows that stay keep their element, and with it the
 * focus. `draw(item, old)` hands back the row, the old one where nothing of it changed.
 */
export function list(container, items, key, draw) {
  const old = container.rows ?? new Map();
  const rows = new Map();
  let place = container.firstChild;
  for (const item of items) {
    const name = key(item);
    const before = old.get(name);
    const row = draw(item, before);
    rows.set(name, row);
    if (before && before !== row) {
      const isFocused = before.contains(document.activeElement);
      if (place === before) place = row;
      before.replaceWith(row);
      if (isFocused) row.querySelector("button")?.focus({ preventScroll: true });
    }
    if (row === place) place = place.nextSibling;
    else container.insertBefore(row, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
  container.rows = rows;
}

/** Lets the arrow keys move through the rows of a list; Tab still reaches each of them. */
export function arrows(container) {
  container.addEventListener("keydown", event => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    const row = event.target.closest("li");
    if (!step || !row) return;
    const rows = [...container.children];
    const at = Math.min(Math.max(rows.indexOf(row) + step, 0), rows.length - 1);
    rows[at].querySelector("button")?.focus();
    event.preventDefault();
  });
}

/** A button that copies a text, and says so. */
export function copyButton(text, what = "Copy") {
  const button = el("button", { type: "button", class: "copy", click: () => copy(text, button) }, what);
  return button;
}

/** Copies a text; the button that was pressed says what came of it. */
export async function copy(text, button) {
  const before = button.dataset.says ?? (button.dataset.says = button.textContent);
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a safe context there is no clipboard: a selection still can be copied by hand.
    said = "Select and copy";
  }
  button.textContent = said;
  toast(said === "Copied" ? "Copied." : "The browser does not let this page copy: select the text instead.");
  setTimeout(() => { button.textContent = before; }, 1500);
}

/** A block of code with a button that copies it. */
export function code(text) {
  return el("div", { class: "code" }, copyButton(text), el("pre", {}, text));
}

/** Says something for a few seconds, with one thing to do about it where there is one. */
export function toast(text, action, act) {
  const note = el("div", { class: "toast" }, el("span", {}, text));
  if (action) note.append(el("button", { type: "button", click: () => { note.remove(); act(); } }, action));
  byId("toasts").replaceChildren(note);
  const leave = () => {
    if (note.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else note.remove();
  };
  setTimeout(leave, action ? 9000 : 3500);
}

/** Asks before something is lost. */
export function confirm(title, text, yes) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-yes").textContent = yes;
  return new Promise(resolve => {
    const answer = is => () => { dialog.onclose = null; dialog.close(); resolve(is); };
    byId("ask-yes").onclick = answer(true);
    byId("ask-no").onclick = answer(false);
    dialog.onclose = () => resolve(false);
    dialog.showModal();
    byId("ask-no").focus();
  });
}

/** How long ago something was, in one word. */
export function age(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** An age that grows. */
export const aged = iso => el("time", { datetime: iso, "data-age": iso, title: new Date(iso).toLocaleString() }, age(iso));

/** Lets every age on the page grow. */
export function grow() {
  for (const node of document.querySelectorAll("[data-age]")) say(node, age(node.dataset.age));
}

/** A time of the day, to the second. */
export const clock = iso => new Date(iso).toLocaleTimeString([], { hour12: false });

/** A long list is drawn in steps of this many rows. */
export const STEP = 200;

/** Shows as many items of a long list as were asked for, and a button for more. */
export function steps(button, redraw) {
  let shown = STEP;
  button.addEventListener("click", () => { shown += STEP; redraw(); });
  return items => {
    button.hidden = items.length <= shown;
    say(button, `Show more of ${items.length.toLocaleString("en")}`);
    return items.slice(0, shown);
  };
}

/** Pairs of a name and a value. */
export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** The way back from a detail to its list, which a narrow page needs. */
export const back = view => el("a", { class: "back", href: `#${view}` }, "← Back");
