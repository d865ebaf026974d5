// The vendor's SDK: every call that it knows of this API, then an application as its README starts one. What comes after
// the tokens, the messages themselves, is at other hosts and ends there.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { cloud, Spectrum, SpectrumCloudError } from "spectrum-ts";
import { imessage, slack, whatsappBusiness } from "spectrum-ts/providers";

const { SPECTRUM_PROJECT_ID: projectId, SPECTRUM_PROJECT_SECRET: projectSecret } = process.env;
const pair = [projectId, projectSecret];

const project = await cloud.getProject(...pair);
assert.ok(project.name && project.slug && project.profile !== undefined);
assert.ok(["free", "pro", "business", "enterprise"].includes((await cloud.getSubscription(projectId)).tier));
assert.ok(["shared", "dedicated"].includes((await cloud.getImessageInfo(projectId)).type));
assert.equal((await cloud.getPlatforms(projectId)).imessage.enabled, true);
const platforms = await cloud.togglePlatform(...pair, "slack", true);
assert.equal(platforms.slack.enabled, true);
const tokens = await cloud.issueImessageTokens(...pair);
assert.ok(tokens.expiresIn > 0 && (tokens.token || Object.keys(tokens.auth).length > 0));
for (const issue of [cloud.issueWhatsappBusinessTokens, cloud.issueSlackTokens]) {
  assert.deepEqual((await issue(...pair)).auth, {});
}
assert.ok((await cloud.issueFusorToken(...pair)).token);
await assert.rejects(cloud.getProject(projectId, "wrong"), (error) => {
  assert.ok(error instanceof SpectrumCloudError);
  assert.deepEqual([error.status, error.code, error.message], [401, "401", "Invalid credentials"]);
  return true;
});

const providers = [imessage.config(), slack.config(), whatsappBusiness.config()];
const app = await Spectrum({ projectId, projectSecret, providers });
console.log("started");
const listening = (async () => {
  for await (const message of app.messages) throw new Error(`nobody wrote this: ${message}`);
})();
listening.catch((error) => console.log(`stopped listening: ${error.message}`));
await sleep(3000);
await Promise.race([app.stop?.(), sleep(2000)]);
console.log("done");
process.exit(0);
