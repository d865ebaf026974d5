// What `spectrum webhooks send` sends, and what the sandbox fires when a person texts, to handlers that verify it with the
// code that others published: the vendor's SDK (v0) and two libraries of Standard Webhooks. Each has to accept what the
// service sends and to refuse the rest.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import http from "node:http";
import { promisify } from "node:util";
import { Spectrum } from "spectrum-ts";
import { imessage } from "spectrum-ts/providers";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const [spectrum] = process.argv.slice(2);
const { SPECTRUM_PROJECT_ID: projectId, SPECTRUM_PROJECT_SECRET: projectSecret } = process.env;

// What each verifier handed on.
const handed = [];

// A handler that verifies in this way, with the secrets of its webhook.
const verifiers = {
  "spectrum-ts": async ({ signingSecret: webhookSecret }) => {
    const app = await Spectrum({ projectId, projectSecret, providers: [imessage.config()], webhookSecret });
    return async (headers, body) => {
      const answer = await app.webhook({ headers, body }, (space, message) => {
        handed.push(message.content);
      });
      return answer.status;
    };
  },
  standardwebhooks: async (secrets) => library(new StandardWebhook(secrets.standardSigningSecret)),
  svix: async (secrets) => library(new SvixWebhook(secrets.standardSigningSecret)),
};

const library = (webhook) => async (headers, body) => {
  try {
    const event = webhook.verify(body.toString("utf8"), headers);
    handed.push(event.message?.content ?? event);
    return 204;
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return 401;
  }
};

// By their paths.
const handlers = {};
const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  response.statusCode = await handlers[request.url](request.headers, Buffer.concat(pieces));
  response.end();
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

async function run(...args) {
  return (await promisify(execFile)(spectrum, args)).stdout;
}

// The SDK hands a message on when it has answered.
async function untilHanded(count, what) {
  for (let turn = 0; handed.length < count && turn < 500; turn += 1) await new Promise((on) => setTimeout(on, 10));
  assert.equal(handed.length, count, what);
}

const secrets = {
  signingSecret: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  standardSigningSecret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
};
writeFileSync(
  "secrets",
  `SPECTRUM_WEBHOOK_SECRET=${secrets.signingSecret}\nSPECTRUM_WEBHOOK_STANDARD_SECRET=${secrets.standardSigningSecret}\n`,
);

const accepted = [
  [[], ["text"]],
  [["--text", "café 👋 </a> \u2028"], ["text"]],
  [["--attachment", "ticket.pdf"], ["attachment"]],
  [["--attachment", "a.heic", "--attachment", "b.heic"], ["group"]],
  [["--reaction", "❤️"], ["reaction"]],
  [["--contact", "Ada"], ["contact"]],
  // The SDK makes text of a link.
  [["--link", "https://example.com"], ["richlink", "text"]],
  [["--to", "+14155550100", "--group-chat"], ["text"]],
  [["--times", "3"], ["text"]],
  [["--shuffle"], ["text"]],
];
const refused = [["--bad-signature"], ["--stale", "10m"]];

async function send(name, ...flags) {
  const args = ["webhooks", "send", `${origin}/sent/${name}`, "--secret-file", "secrets", "-o", "ndjson", ...flags];
  return (await run(...args)).trim().split("\n").length;
}

for (const [name, verifier] of Object.entries(verifiers)) {
  handlers[`/sent/${name}`] = await verifier(secrets);
  const isStandard = name !== "spectrum-ts";
  let count = 0;
  for (const [flags, types] of accepted) {
    for (const scheme of ["both", isStandard ? "standard" : "v0"]) {
      handed.length = 0;
      const sent = await send(name, "--scheme", scheme, ...flags);
      await untilHanded(sent, `${name} ${flags}`);
      assert.ok(handed.every(({ type }) => types.includes(type)), `${name} ${flags}: ${JSON.stringify(handed)}`);
      count += sent;
    }
  }
  if (isStandard) {
    handed.length = 0;
    count += await send(name, "--schema", "raw-inbound.v1");
    assert.deepEqual(handed.map(({ type }) => type), ["message.received"]);
  }
  for (const flags of refused) {
    handed.length = 0;
    await send(name, ...flags);
    assert.deepEqual(handed, [], `${name} ${flags}`);
  }
  console.log(`${name}: accepted ${count} deliveries that were sent, refused ${refused.length}`);
}

// A person texts; the handler of every webhook hands on what they wrote.
async function text(message) {
  handed.length = 0;
  await run("sandbox", "text", "--from", "+14155550123", message);
  await untilHanded(Object.keys(verifiers).length, message);
  assert.ok(handed.every((content) => content.type === "text" && content.text === message), JSON.stringify(handed));
}

await run("users", "create", "--shared", "--phone", "+14155550123");
const webhooks = {};
for (const [name, verifier] of Object.entries(verifiers)) {
  const made = JSON.parse(await run("webhooks", "ensure", `${origin}/fired/${name}`, "--show-secret", "-o", "json"));
  webhooks[name] = made;
  handlers[`/fired/${name}`] = await verifier(made);
}
await text("café 👋 </a> \u2028");
for (const made of Object.values(webhooks)) {
  const rotated = await run("webhooks", "rotate", made.id, "--overlap", "1h", "--show-secret", "-o", "json");
  made.standardSigningSecret = JSON.parse(rotated).standardSigningSecret;
}
await text("with the old secret");
for (const [name, verifier] of Object.entries(verifiers)) handlers[`/fired/${name}`] = await verifier(webhooks[name]);
await text("with the new one");
for (const name of Object.keys(verifiers)) {
  console.log(`${name}: accepted what the sandbox fired, with the old secret and the new while a rotation overlaps`);
}
process.exit(0);
