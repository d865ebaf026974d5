// Where on the page one is: `#view` or `#view/key`, so that Back and Forward work, and a place can be linked to.

import { el } from "./dom.js";
import { settle, state, touch } from "./state.js";

const VIEWS = ["users", "requests", "webhooks", "faults", "connect"];

/** The view and what is open in it. */
export function route() {
  const [view, key = ""] = location.hash.slice(1).split("/");
  return { view: VIEWS.includes(view) ? view : VIEWS[0], key };
}

/** Goes somewhere, and draws it at once, so that the focus can follow. */
export function go(view, key) {
  const hash = key ? `#${view}/${key}` : `#${view}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
  arrive();
  settle();
}

const arrivals = [];

/** Calls back whenever one is somewhere else. */
export const onArrival = draw => arrivals.push(draw);

/** Shows the view that the address names. */
export function arrive() {
  const { view } = route();
  for (const name of VIEWS) {
    document.getElementById(`view-${name}`).hidden = name !== view;
    const link = document.querySelector(`.nav [data-view=${name}]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view[0].toUpperCase()}${view.slice(1)} · Spectrum sandbox`;
  arrivals.forEach(draw => draw());
  touch("route");
}

/** An error, and what to do about it. */
export function explain(error) {
  const areFaultsOn = state.faults.faults.length > 0 || state.faults.latency;
  const isFault = error.status === 0 || error.status === 200 || error.status === 429 || error.status >= 500;
  if (areFaultsOn && isFault) return [`${error.message} Faults are on: `, el("a", { href: "#faults" }, "see which"), "."];
  if (error.status === 429) return [`${error.message} Wait a second, or start the server with --rate-limit 0.`];
  if (error.status === 0) return [`${error.message} Is the sandbox still running?`];
  return [error.message];
}
