// Bodies as people read them, and requests as a shell repeats them.

import { el } from "./dom.js";

/** Larger ones are shown without colour: a browser takes its time over many elements. */
const COLOURED = 20_000;

/** A body, formatted when it is JSON. */
export function body(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return el("pre", { class: "body" }, text);
  }
  const formatted = JSON.stringify(value, null, 2);
  return el("pre", { class: "body" }, formatted.length > COLOURED ? formatted : coloured(formatted));
}

/** A body formatted, as text. */
export function formatted(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

function coloured(json) {
  const parts = [];
  let end = 0;
  for (const match of json.matchAll(TOKEN)) {
    const [, string, colon, word] = match;
    const kind = string ? (colon ? "key" : "string") : word ? "word" : "number";
    const token = string ?? match[0];
    parts.push(json.slice(end, match.index), el("span", { class: kind }, token));
    end = match.index + token.length;
  }
  parts.push(json.slice(end));
  return parts;
}

/** A text as one word of a shell, whatever it holds. */
const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;

/** What a terminal would act on rather than show. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** A line that repeats a request, with the secret's variable in the secret's place. */
export function curl(request, url) {
  const { method, path, query } = request;
  // Left to itself, curl reads brackets and dots in a path as more than they are.
  const isOdd = /[[\]{}]|\/\.{1,2}(\/|$)/.test(path + query);
  const verb = { GET: "", HEAD: " -I" }[method] ?? ` -X ${quoted(method).replace(/^'([A-Z]+)'$/, "$1")}`;
  const parts = [`curl${isOdd ? " -g --path-as-is" : ""}${verb}`];
  const project = /^\/projects\/([0-9a-fA-F-]{36})(?:\/|$)/.exec(path)?.[1];
  if (project) parts.push(`-u "${project}:$SPECTRUM_PROJECT_SECRET"`);
  if (request.request) {
    parts.push("-H 'Content-Type: application/json'");
    parts.push(`--data-raw ${quoted(request.request)}`);
  }
  parts.push(quoted(url + path + (query ? `?${query}` : "")));
  const line = parts.join(" \\\n  ");
  // Inside quotes a shell takes it as it is, but a terminal would not show it as it is.
  return CONTROL.test(line) ? null : line;
}
