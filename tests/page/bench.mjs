// A sandbox of its own, a handler beside it, and a browser that looks at its page and keeps an account of what the page
// does that it should not.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

import { chromium } from "playwright-core";

/** Starts a sandbox, with its output's variables as fields. */
export async function sandbox(...options) {
  const child = spawn(process.env.SPECTRUM, ["sandbox", "serve", "--memory", ...(options.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"]), "--rate-limit", "0", "--delivery-speed", "50", ...options],
    { stdio: ["ignore", "pipe", "ignore"] });
  const variables = {};
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const [name, value] = line.split(/=(.*)/s);
    variables[name] = value;
    if (Object.keys(variables).length === 3) break;
  }
  const { SPECTRUM_CLOUD_URL: url, SPECTRUM_PROJECT_ID: id, SPECTRUM_PROJECT_SECRET: secret } = variables;
  const ask = async (method, to, headers, body) => {
    const answer = await fetch(url + to, { method, headers: { ...headers, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  return {
    url,
    id,
    secret,
    /** As a client of the API. */
    api: (method, to, body) => ask(method, `/projects/${id}${to}`, { Authorization: basic }, body),
    /** As a user of the control plane. */
    control: (method, to, body) => ask(method, `/_sandbox/${to}`, { "X-Sandbox": "1" }, body),
    stop: signal => new Promise(resolve => { child.once("exit", resolve); child.kill(signal); }),
  };
}

/** A bot's handler on loopback that answers with these statuses, one after the other, the last one for good. */
export async function handler(...statuses) {
  const got = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", part => parts.push(part));
    request.on("end", () => {
      got.push(Buffer.concat(parts).toString());
      response.writeHead(statuses.length > 1 ? statuses.shift() : statuses[0]).end();
    });
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/hook`, got, stop: () => server.close() };
}

/** A browser without a way to anywhere else. */
export async function browser() {
  const profile = mkdtempSync(path.join(os.tmpdir(), "page-"));
  const started = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    permissions: ["clipboard-read", "clipboard-write"],
  });
  started.setDefaultTimeout(15_000);
  return {
    started,
    async close() {
      await started.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Opens the page, and keeps its sins: violations of its policy, errors, requests to another place. */
export async function open(context, url, { width = 1440, height = 900, scheme = "light", motion = "no-preference", hash = "" } = {}) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: motion });
  page.sins = [];
  page.asked = [];
  page.on("request", request => {
    page.asked.push(request.url());
    if (!request.url().startsWith(`${url}/`)) page.sins.push(`it asked for ${request.url()}`);
  });
  page.on("pageerror", error => page.sins.push(`error: ${error.message}`));
  page.on("dialog", dialog => { page.sins.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  // A refusal that a test asks for is no sin: Chromium writes every 4xx and 5xx there.
  page.on("console", message => { if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) page.sins.push(message.text()); });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(`${url}/${hash}`);
  await page.waitForSelector("#state[data-is=live]");
  return page;
}

/** What the page did that it should not have done. */
export async function sins(page) {
  return [...page.sins, ...(await page.evaluate(() => window.violations))];
}
