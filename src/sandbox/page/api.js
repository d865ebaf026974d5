// What this page asks of its server: the API's own routes with the project's credentials, as any client would, and the
// control plane. Nothing else is ever asked, and nobody else.

/** How long an answer may take, in milliseconds. */
const PATIENCE = 15_000;
/** The same for what the page reads for itself, and asks for again. */
const SHORT_PATIENCE = 5_000;
/** Without a beat for so long, in milliseconds, the stream of events is taken for dead. The server's beat is 15 s. */
const SILENCE = 40_000;

/** What the page reads for itself carries this, so that the list of requests can leave it out. */
export const OWN = "via=page";

/** A refusal, or no answer. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, path, headers, body, patience = PATIENCE) {
  let answer, text;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
      cache: "no-store",
      credentials: "omit",
    });
    text = await answer.text();
  } catch (error) {
    throw new Refused(0, error.name === "TimeoutError" ? `No answer came within ${patience / 1000} seconds.` : "The connection broke before an answer came.");
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(answer.status, `The answer (${answer.status}) is not JSON.`);
  }
  if (!answer.ok || value?.succeed === false) {
    const said = typeof value?.message === "string" ? value.message : "no reason given";
    throw new Refused(answer.status, `${answer.status}: ${said}`);
  }
  return value;
}

/** A call of the control plane; hands back its JSON. */
export const control = (method, path, body) => ask(method, `/_sandbox/${path}`, { "X-Sandbox": "1" }, body);

/** The API for one project. */
export class Api {
  constructor({ id, secret }) {
    this.base = `/projects/${encodeURIComponent(id)}`;
    const bytes = new TextEncoder().encode(`${id}:${secret}`);
    this.headers = { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  }

  /** One call, as a person asked for it: it fails as any client's would. Hands back `data`. */
  async call(method, path, body, patience) {
    return (await ask(method, this.base + path, this.headers, body, patience)).data;
  }

  /** A read that the page needs for itself: faults and limits are waited out, a few times; `failed` hears of each. */
  async read(path, failed) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.call("GET", `${path}?${OWN}`, undefined, SHORT_PATIENCE);
      } catch (error) {
        const isPassing = error.status === 0 || error.status === 200 || error.status === 429 || error.status >= 500;
        if (!isPassing || attempt === 5) throw error;
        if (attempt > 0) failed(error);
        await new Promise(resolve => setTimeout(resolve, 250 * 2 ** attempt));
      }
    }
  }
}

/**
 * Listens to events for as long as the page is open, and comes back by itself. `opened` is awaited before events are
 * handed on, so that what it loads is never older than the events that follow.
 */
export async function listen({ opened, event, closed }) {
  for (let failures = 0; ; failures += 1) {
    const stop = new AbortController();
    let watch;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), SILENCE);
    };
    try {
      alive();
      // EventSource cannot send the header that keeps other pages out.
      const answer = await fetch("/_sandbox/events", { headers: { "X-Sandbox": "1" }, signal: stop.signal, cache: "no-store", credentials: "omit" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      await opened();
      failures = 0;
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        alive();
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        parts.forEach(part => hand(part, event));
      }
    } catch {
      // Whatever it was, it is tried again.
    }
    clearTimeout(watch);
    stop.abort();
    closed();
    await new Promise(resolve => setTimeout(resolve, Math.min(300 * 2 ** failures, 4000)));
  }
}

function hand(part, event) {
  const field = name => part.split("\n").filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2)).join("\n");
  const data = field("data");
  if (data) event(field("event"), JSON.parse(data));
}
