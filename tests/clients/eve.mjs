// The part of eve that registers its operator in a project that is there already. Its host is fixed, and its own seam
// for fetch leads to the sandbox.
import assert from "node:assert/strict";

const { usePhotonProject } = await import(
  new URL("node_modules/eve/dist/src/setup/integrations/photon/management.js", import.meta.url).href
);
const { SPECTRUM_CLOUD_URL, SPECTRUM_PROJECT_ID: projectId, SPECTRUM_PROJECT_SECRET: projectSecret } = process.env;
const deps = {
  fetch: (url, options) => fetch(String(url).replace("https://spectrum.photon.codes", SPECTRUM_CLOUD_URL), options),
  delay: async () => {},
};
const person = { projectId, phoneNumber: "+14155550123", deps };
const project = await usePhotonProject({ ...person, projectSecret });
assert.ok(project.assignedPhoneNumber.startsWith("+"));
await assert.rejects(usePhotonProject({ ...person, projectSecret: "wrong" }), /Invalid credentials/);
console.log("done");
