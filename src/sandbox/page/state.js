// What the page knows of its server, and how it learns: read once, then kept up by events.

import { Api, control } from "./api.js";

/** As many requests and attempts as are kept. */
const KEPT = 1000;

export const state = {
  url: location.origin,
  version: "",
  projects: [],
  project: null,
  api: null,
  /** Users by id, in the order of the API. */
  users: new Map(),
  /** Lines that the project owns. */
  lines: [],
  webhooks: [],
  /** Requests and attempts, newest first. */
  requests: [],
  attempts: [],
  faults: { faults: [], latency: null, seed: null },
  /** The newest numbers that were taken in: what was loaded comes once more as an event when it happened meanwhile. */
  seen: { requests: 0, attempts: 0 },
  /** What could not be read, and why. */
  trouble: null,
  isReady: false,
};

const watchers = [];
const changed = new Set();

/** Calls back, at most once a frame, when one of these parts of the state changed. */
export function watch(parts, draw) {
  watchers.push({ parts, draw });
}

/** Tells that parts of the state changed. */
export function touch(...parts) {
  if (changed.size === 0) requestAnimationFrame(settle);
  parts.forEach(part => changed.add(part));
}

/** Draws at once what changed. */
export function settle() {
  const parts = new Set(changed);
  changed.clear();
  watchers.filter(watcher => watcher.parts.some(part => parts.has(part))).forEach(watcher => watcher.draw());
}

/** Reads everything anew. */
export async function load() {
  const [health, connect, requests, attempts, faults] = await Promise.all([
    control("GET", "health"),
    control("GET", "connect"),
    control("GET", "requests?limit=500"),
    control("GET", "deliveries?limit=500"),
    control("GET", "faults"),
  ]);
  state.version = `${health.version}, revision ${health.revision}`;
  state.url = connect.url;
  state.projects = connect.projects;
  state.requests = requests.reverse();
  state.attempts = attempts.reverse();
  state.seen = { requests: state.requests[0]?.seq ?? 0, attempts: state.attempts[0]?.seq ?? 0 };
  state.faults = faults;
  const wanted = state.project?.id ?? remembered();
  touch("connect", "requests", "attempts", "faults");
  // The events must not wait for what faults may hold back.
  choose(state.projects.find(project => project.id === wanted) ?? state.projects[0]);
}

function remembered() {
  try {
    return sessionStorage.getItem("project");
  } catch {
    return null;
  }
}

/** Turns to a project. */
export async function choose(project) {
  if (!project) return;
  if (state.project?.id !== project.id) {
    state.users = new Map();
    state.webhooks = [];
    state.isReady = false;
  }
  state.project = project;
  state.api = new Api(project);
  try {
    sessionStorage.setItem("project", project.id);
  } catch {
    // Only a convenience.
  }
  touch("connect", "users", "webhooks");
  await Promise.all([loadUsers(), loadWebhooks()]);
}

/** Reads of one kind follow each other; what is asked for meanwhile is read once more. */
function reader(read) {
  let running = null;
  let isStale = false;
  return () => {
    if (running) {
      isStale = true;
      return running;
    }
    running = (async () => {
      do {
        isStale = false;
        const api = state.api;
        const failed = error => {
          if (api === state.api) state.trouble = error;
          touch("trouble");
        };
        try {
          await read(api, failed);
          if (api === state.api) state.trouble = null;
        } catch (error) {
          failed(error);
        }
        isStale ||= api !== state.api;
        touch("trouble");
      } while (isStale);
      running = null;
    })();
    return running;
  };
}

export const loadUsers = reader(async (api, failed) => {
  const [found, lines] = await Promise.all([api.read("/users/", failed), api.read("/lines/", failed)]);
  if (api !== state.api) return;
  state.users = new Map(found.users.map(user => [user.id, user]));
  state.lines = lines.lines;
  state.isReady = true;
  touch("users");
});

export const loadWebhooks = reader(async (api, failed) => {
  const webhooks = await api.read("/webhooks/", failed);
  if (api !== state.api) return;
  state.webhooks = webhooks;
  touch("webhooks");
});

/** Takes a user in, or what is new of one. */
export function keepUser(user) {
  if (!user?.id || user.projectId?.toLowerCase() !== state.project?.id.toLowerCase()) return;
  clearTimeout(unknown.get(user.id));
  unknown.delete(user.id);
  state.users.set(user.id, user);
  touch("users");
}

/** Lets a user go. */
export function dropUser(id) {
  if (state.users.delete(id)) touch("users");
}

/** Marks a user as one who has texted. */
export function optIn(id) {
  const user = state.users.get(id);
  if (user) keepUser({ ...user, meta: { ...user.meta, opt_in: true } });
}

/** Users of whom an event told; their row comes with the answer to the request that made them, unless that was lost. */
const unknown = new Map();

/** Takes one more in at the front, unless it is there. */
function add(part, one) {
  if (one.seq <= state.seen[part]) return false;
  state.seen[part] = one.seq;
  state[part].unshift(one);
  state[part].length = Math.min(state[part].length, KEPT);
  touch(part);
  return true;
}

/** Takes an event in. */
export function learn(event, data) {
  switch (event) {
    case "request":
      if (!add("requests", data)) break;
      if (data.method !== "GET") learnFrom(data);
      break;
    case "delivery":
      add("attempts", data);
      break;
    case "users":
      if (data.projectId?.toLowerCase() !== state.project?.id.toLowerCase()) break;
      if (data.change === "deleted") dropUser(data.userId);
      else if (data.change === "optedIn") optIn(data.userId);
      else if (data.userId && !unknown.has(data.userId)) unknown.set(data.userId, setTimeout(() => { unknown.delete(data.userId); loadUsers(); }, 700));
      break;
    case "faults":
      loadFaults();
      break;
    case "reset":
      state.requests = [];
      state.attempts = [];
      state.seen = { requests: 0, attempts: 0 };
      touch("requests", "attempts", "reset");
      loadFaults();
      loadUsers();
      loadWebhooks();
      break;
  }
}

async function loadFaults() {
  state.faults = await control("GET", "faults");
  touch("faults");
}

/** What another client did shows in its requests: it costs this page none of the project's rate. */
function learnFrom({ path, status, response }) {
  if (/\/webhooks\//.test(path)) loadWebhooks();
  if (status !== 200 || !/\/users\/?$/.test(path)) return;
  try {
    const { data } = JSON.parse(response);
    keepUser(data.user ?? data);
  } catch {
    // Cut, or garbage on purpose: the user's own event leads to a read.
  }
}
