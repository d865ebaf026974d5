// A test of a bot against a sandbox of its own, with nothing but node (24 reads TypeScript as it is):
// `node --test sandbox.test.ts`. SPECTRUM names the program where it is not on the PATH.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, beforeEach, test } from "node:test";

const ADA = "+14155550123";
const SEED = `[[projects]]\n[[projects.users]]\nphoneNumber = "${ADA}"\nfirstName = "Ada"\n`;

let server: ChildProcess;
const env: Record<string, string> = {};

before(async () => {
  const seed = join(mkdtempSync(join(tmpdir(), "sandbox-")), "seed.toml");
  writeFileSync(seed, SEED);
  const options = ["--listen", "127.0.0.1:0", "--memory", "--seed", seed, "--ids", "7", "--rate-limit", "0"];
  const started = spawn(process.env.SPECTRUM ?? "spectrum", ["sandbox", "serve", ...options], { stdio: ["ignore", "pipe", "ignore"] });
  server = started;
  // It says where it is as soon as it listens.
  for await (const line of createInterface({ input: started.stdout })) {
    const [name = "", value = ""] = line.split(/=(.*)/s);
    env[name] = value;
    if (name === "SPECTRUM_PROJECT_SECRET") break;
  }
});

after(() => void server.kill());
beforeEach(() => control("POST", "reset"));

// What a client of the service does.
async function api(method: string, path: string, body?: object): Promise<Response> {
  const { SPECTRUM_CLOUD_URL: url, SPECTRUM_PROJECT_ID: id, SPECTRUM_PROJECT_SECRET: secret } = env;
  const headers = { authorization: `Basic ${btoa(`${id}:${secret}`)}`, "content-type": "application/json" };
  return await fetch(`${url}/projects/${id}${path}`, { method, headers, body: body && JSON.stringify(body) });
}

// What only a test does.
async function control(method: string, path: string, body?: object): Promise<any> {
  const headers = { "x-sandbox": "1" };
  const response = await fetch(`${env.SPECTRUM_CLOUD_URL}/_sandbox/${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.equal(response.status, 200, `${method} ${path}`);
  return await response.json();
}

test("a person who texts can be messaged, and the handler hears of it", async () => {
  const handler = createServer().listen(0, "127.0.0.1");
  await once(handler, "listening");
  const webhookUrl = `http://127.0.0.1:${(handler.address() as AddressInfo).port}/`;
  const { data: webhook } = await (await api("POST", "/webhooks/", { webhookUrl })).json();
  const arriving = once(handler, "request");
  const sent = await control("POST", "messages", { from: ADA, text: "Hello!" });
  assert.equal(sent.optedInNow, true);
  const [request, response]: [IncomingMessage, ServerResponse] = (await arriving) as any;
  const { headers } = request;
  const body = Buffer.concat(await request.toArray());
  response.writeHead(204).end();
  handler.close().closeAllConnections();
  const signature = createHmac("sha256", webhook.signingSecret).update(`v0:${headers["x-spectrum-timestamp"]}:`).update(body);
  assert.equal(headers["x-spectrum-signature"], `v0=${signature.digest("hex")}`);
  assert.deepEqual(JSON.parse(body.toString()).message.content, { type: "text", text: "Hello!" });
  const { data } = await (await api("GET", "/users/")).json();
  assert.deepEqual(data.users[0].meta, { opt_in: true });
});

test("a reset goes back to the seed, ids included", async () => {
  const users = async (): Promise<any[]> => (await (await api("GET", "/users/")).json()).data.users;
  const first = await users();
  await api("DELETE", `/users/${first[0].id}/`);
  assert.deepEqual(await users(), []);
  await control("POST", "reset");
  assert.deepEqual(await users(), first);
});

test("a fault is met, and the journal tells what was asked", async () => {
  await control("PUT", "faults", { faults: ["503:1"] });
  assert.equal((await api("POST", "/users/", { type: "shared", phoneNumber: "+14155550124" })).status, 503);
  await control("PUT", "faults", { faults: [] });
  assert.equal((await api("GET", "/users/")).status, 200);
  const [post, get] = await control("GET", "requests");
  assert.deepEqual([post.method, post.status, post.fault], ["POST", 503, "503"]);
  assert.equal(JSON.parse(post.request).phoneNumber, "+14155550124");
  assert.equal(JSON.parse(get.response).data.total, 1);
});
