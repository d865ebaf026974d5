// What `spectrum webhooks send` sends, to handlers that verify it with the code that others published: the vendor's SDK
// (v0) and two libraries of Standard Webhooks. Each has to accept what the service sends and to refuse the rest.
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
const hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const whsec = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
writeFileSync("secrets", `SPECTRUM_WEBHOOK_SECRET=${hex}\nSPECTRUM_WEBHOOK_STANDARD_SECRET=${whsec}\n`);

const { SPECTRUM_PROJECT_ID: projectId, SPECTRUM_PROJECT_SECRET: projectSecret } = process.env;
const app = await Spectrum({ projectId, projectSecret, providers: [imessage.config()], webhookSecret: hex });

// What each verifier handed on.
const handed = [];
const verifiers = {
  "spectrum-ts": async (headers, body) => {
    const answer = await app.webhook({ headers, body }, (space, message) => {
      handed.push(message.content.type);
    });
    return answer.status;
  },
  standardwebhooks: async (headers, body) => library(new StandardWebhook(whsec), headers, body),
  svix: async (headers, body) => library(new SvixWebhook(whsec), headers, body),
};

function library(webhook, headers, body) {
  try {
    const event = webhook.verify(body.toString("utf8"), headers);
    handed.push(event.message?.content.type ?? event.type);
    return 204;
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return 401;
  }
}

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  response.statusCode = await verifiers[request.url.slice(1)](request.headers, Buffer.concat(pieces));
  response.end();
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

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
  const url = `http://127.0.0.1:${server.address().port}/${name}`;
  const args = ["webhooks", "send", url, "--secret-file", "secrets", "-o", "ndjson", ...flags];
  const { stdout } = await promisify(execFile)(spectrum, args);
  return stdout.trim().split("\n").length;
}

for (const name of Object.keys(verifiers)) {
  const isStandard = name !== "spectrum-ts";
  let count = 0;
  for (const [flags, types] of accepted) {
    for (const scheme of ["both", isStandard ? "standard" : "v0"]) {
      handed.length = 0;
      const sent = await send(name, "--scheme", scheme, ...flags);
      // The SDK hands a message on when it has answered.
      for (let turn = 0; handed.length < sent && turn < 100; turn += 1) await new Promise((on) => setTimeout(on, 10));
      assert.equal(handed.length, sent, `${name} ${flags}`);
      assert.ok(handed.every((type) => types.includes(type)), `${name} ${flags}: ${handed}`);
      count += sent;
    }
  }
  if (isStandard) {
    handed.length = 0;
    count += await send(name, "--schema", "raw-inbound.v1");
    assert.deepEqual(handed, ["message.received"]);
  }
  for (const flags of refused) {
    handed.length = 0;
    await send(name, ...flags);
    assert.deepEqual(handed, [], `${name} ${flags}`);
  }
  console.log(`${name}: accepted ${count} deliveries, refused ${refused.length}`);
}
process.exit(0);
