// The page's beginning: what is the same in every section, and the line to the server.

import { control, listen } from "./api.js";
import * as connect from "./connect.js";
import { byId, confirm, copy, el, grow, say, toast } from "./dom.js";
import * as faults from "./faults.js";
import * as requests from "./requests.js";
import { arrive, explain, go, onArrival, route } from "./route.js";
import { choose, learn, load, loadUsers, loadWebhooks, state, touch, watch } from "./state.js";
import * as users from "./users.js";
import * as webhooks from "./webhooks.js";

for (const section of [users, requests, webhooks, faults, connect]) section.start();

addEventListener("hashchange", arrive);
addEventListener("popstate", arrive);
// On a narrow page a detail stands in the place of its list, and begins at its top.
let place = "";
onArrival(() => {
  const { view, key } = route();
  if (place !== `${view}/${key}`) scrollTo(0, 0);
  place = `${view}/${key}`;
});
addEventListener("keydown", event => {
  const { view, key } = route();
  if (event.key !== "Escape" || !key || event.defaultPrevented || byId("ask").open || event.target.closest("form:not(.composer)")) return;
  const row = document.querySelector(`#view-${view} .row[aria-current]`);
  go(view);
  (row?.isConnected ? row : document.querySelector(`#view-${view} .row`))?.focus();
});
arrive();
setInterval(grow, 2000);

watch(["connect"], () => {
  const chooser = byId("project");
  byId("chooser").hidden = state.projects.length < 2;
  chooser.replaceChildren(...state.projects.map(project => el("option", { value: project.id }, project.id)));
  if (state.project) chooser.value = state.project.id;
  const address = byId("address");
  address.hidden = false;
  if (!address.dataset.says || address.dataset.says !== state.url) {
    address.dataset.says = state.url;
    say(address, state.url);
  }
  say(byId("colophon"), `spectrum ${state.version}`);
});
byId("project").addEventListener("change", event => {
  go(route().view);
  choose(state.projects.find(project => project.id === event.target.value));
});
byId("address").addEventListener("click", event => copy(state.url, event.currentTarget));

watch(["users", "requests", "webhooks", "faults"], () => {
  const tell = (id, number) => say(byId(`count-${id}`), number ? number.toLocaleString("en") : "");
  tell("users", state.users.size);
  tell("requests", state.requests.filter(request => !requests.isOwn(request)).length);
  tell("webhooks", state.webhooks.length);
  const { faults, latency } = state.faults;
  say(byId("count-faults"), faults.length > 0 || latency ? "on" : "");
});

watch(["trouble", "faults"], () => {
  const notice = byId("notice");
  if (state.trouble) {
    notice.replaceChildren(el("span", {}, "What is shown may be old: reading it failed. ", ...explain(state.trouble)),
      el("button", { type: "button", click: () => { loadUsers(); loadWebhooks(); } }, "Try again"));
  }
  notice.hidden = !state.trouble;
});

byId("reset").addEventListener("click", async () => {
  const isSure = await confirm("Back to the seed?",
    "Users, webhooks, requests, deliveries and faults go back to what the sandbox started with: its seed, or nothing.", "Reset the sandbox");
  if (!isSure) return;
  try {
    await control("POST", "reset");
    go(route().view);
    toast("The sandbox is as it was at its start.");
  } catch (error) {
    toast(error.message);
  }
});

function stand(is, text) {
  const node = byId("state");
  node.dataset.is = is;
  say(node, text);
}

let lost;
listen({
  async opened() {
    await load();
    clearTimeout(lost);
    lost = undefined;
    if (document.body.classList.contains("lost")) {
      document.body.classList.remove("lost");
      state.trouble = null;
      touch("trouble");
    }
    stand("live", "Live");
  },
  event: learn,
  closed() {
    stand("lost", "Reconnecting");
    // A moment is nothing to speak of.
    lost ??= setTimeout(() => {
      document.body.classList.add("lost");
      const notice = byId("notice");
      notice.replaceChildren(el("span", {}, "The sandbox does not answer. Start it with ", el("code", {}, "spectrum sandbox serve"), "; this page comes back by itself."));
      notice.hidden = false;
    }, 1500);
  },
});
