// The iMessage adapter of the Chat SDK, in its cloud mode: it connects when the chat starts.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createiMessageAdapter } from "@photon-ai/chat-adapter-imessage";
import { Chat } from "chat";

const { SPECTRUM_PROJECT_ID: projectId, SPECTRUM_PROJECT_SECRET: projectSecret } = process.env;
const kept = new Map();
const state = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : async (key) => kept.get(key)) });
const adapter = createiMessageAdapter({ projectId, projectSecret });
const chat = new Chat({ userName: "ada", adapters: { imessage: adapter }, state, logger: "error" });
await chat.initialize();
assert.equal(adapter.name, "imessage");
const listening = new AbortController();
await adapter.startGatewayListener({ waitUntil: () => {} }, 2000, listening.signal);
await sleep(2500);
console.log("done");
process.exit(0);
