// Draws README's picture of the page, from a real run with a busy state. Run by tests/page.sh --picture.
import { statSync } from "node:fs";

import { browser, open, sandbox, sins } from "./bench.mjs";
import { scene } from "./scene.mjs";

const [file] = process.argv.slice(2);
const server = await sandbox("--ids", "7");
const stop = await scene(server);
const seen = await browser();
const page = await open(seen.started, server.url, { width: 1280, height: 760, motion: "reduce" });
await page.locator("#user-rows .row", { hasText: "Tony Hoare" }).click();
for (const text of ["Hi! Is the kitchen still open?", "Two of us. The bar is fine, too."]) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
  await page.locator("#chat li", { hasText: text }).locator(".note.bad").waitFor();
}
await page.waitForFunction(() => document.querySelectorAll("#toasts .toast").length === 0);
await page.screenshot({ path: file });
const wrong = await sins(page);
await seen.close();
stop();
await server.stop();
if (wrong.length > 0) throw new Error(wrong.join("\n"));
console.log(`${file}: ${Math.round(statSync(file).size / 1024)} KiB`);
process.exit(0);
