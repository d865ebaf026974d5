// A busy afternoon, for pictures and for looking at every part of the page: people, webhooks, texts, failures.
import { handler } from "./bench.mjs";

const PEOPLE = [
  ["Ada", "Lovelace"], ["Grace", "Hopper"], ["Alan", "Turing"], ["Katherine", "Johnson"], ["Edsger", "Dijkstra"], ["Barbara", "Liskov"],
  ["Tony", "Hoare"], ["Radia", "Perlman"], ["Donald", "Knuth"], ["Margaret", "Hamilton"], ["Frances", "Allen"], ["Ken", "Thompson"],
];

/** Makes it, and hands back what stops it. */
export async function scene(server) {
  const good = await handler(204);
  const flaky = await handler(500, 204, 503, 204);
  const broken = await handler(401);
  const phones = [];
  for (const [at, [firstName, lastName]] of PEOPLE.entries()) {
    const phoneNumber = `+1${[415, 212, 206, 312][at % 4]}55501${String(23 + at * 5)}`;
    phones.push(phoneNumber);
    const line = at === 7 ? (await server.api("GET", "/lines/")).body.data.lines[0].phoneNumber : undefined;
    await server.api("POST", "/users/", { type: line ? "dedicated" : "shared", assignedPhoneNumber: line, phoneNumber, firstName, lastName, email: `${firstName.toLowerCase()}@example.com` });
  }
  await server.api("POST", "/webhooks/", { webhookUrl: good.url });
  await server.api("POST", "/webhooks/", { webhookUrl: flaky.url, schemaVersion: "raw-inbound.v1" });
  for (const at of [0, 2, 3, 5, 8, 10]) {
    await server.control("POST", "messages", { from: phones[at], text: "Is my table for four still on tonight?" });
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  await server.api("POST", "/webhooks/", { webhookUrl: broken.url });
  await server.control("POST", "messages", { from: phones[4], text: "Hello?" });
  await server.api("POST", "/users/", { type: "shared", phoneNumber: "415 555" });
  await server.api("GET", `/users/?search=${encodeURIComponent("+1415")}`);
  await server.api("GET", "/users/00000000-0000-4000-8000-000000000000/");
  await server.api("PATCH", "/platforms/", { platform: "imessage", enabled: true });
  await server.control("PUT", "faults", { faults: ["503:1"], latency: "20ms..60ms" });
  await server.api("GET", "/lines/route");
  await server.api("POST", "/imessage/tokens");
  await server.control("PUT", "faults", { faults: ["503:0.18", "429:0.08", "drop:0.04"], latency: "50ms..400ms" });
  return () => [good, flaky, broken].forEach(each => each.stop());
}
