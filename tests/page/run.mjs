// The page of `sandbox serve` as a person meets it, in a real browser against the real binary. Run by tests/page.sh.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { browser, handler, open, sandbox, sins } from "./bench.mjs";
import { scene } from "./scene.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["users", "requests", "webhooks", "faults", "connect"];
/** Markup that would tell on itself, in every way that such a text could be read. */
const HOSTILE = `"><img src=x onerror=alert(1)><script>alert(2)</script><svg/onload=alert(3)>{{7*7}}\${alert(4)}'; alert(5)//`;

const checks = {
  async "the first paint needs one request, and less than 60 KB"({ context }) {
    const server = await sandbox();
    const answer = await fetch(`${server.url}/`);
    const bytes = (await answer.arrayBuffer()).byteLength;
    assert.ok(bytes < 60_000, `${bytes} bytes`);
    // What comes after it never arrives, and the page stands there with its style all the same.
    const page = await context.newPage();
    await page.route(/\/_sandbox\//, () => {});
    await page.goto(server.url, { waitUntil: "commit" });
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length === 1);
    assert.equal(await page.locator(".brand").isVisible(), true);
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.querySelector(".top")).display), "block");
    await page.close();
    await server.stop();
    return `${(bytes / 1024).toFixed(1)} KiB`;
  },

  async "a user is created, texts, opts in, and the bot hears of it"({ context }) {
    const server = await sandbox();
    const bot = await handler(204);
    const page = await open(context, server.url);
    await page.locator("#user-empty >> text=Nobody yet").waitFor();

    // The webhook first, as a developer would.
    await page.click(".nav [data-view=webhooks]");
    await page.fill("#webhook-url", bot.url);
    await page.click("#webhook-form .primary");
    await page.waitForSelector(".endpoint");
    assert.match(await page.textContent(".once"), /SPECTRUM_WEBHOOK_SECRET=[0-9a-f]{64}\s*SPECTRUM_WEBHOOK_STANDARD_SECRET=whsec_/);

    await page.click(".nav [data-view=users]");
    await page.click("#user-new");
    await page.fill("#user-phone", "+1 (415) 555-0123");
    await page.fill("#user-first", "Ada");
    await page.keyboard.press("Enter");
    const row = page.locator("#user-rows .row");
    await row.waitFor();
    assert.match(await row.textContent(), /Ada.*\+14155550123.*not yet/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "text", "one writes at once");
    assert.match(await page.textContent("#toasts"), /^Ada got \+\d+\.$/);

    await page.keyboard.type("Hello, bot");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".bubble");
    assert.equal(await page.textContent(".bubble"), "Hello, bot");
    await page.locator("#user-rows .opt.in").waitFor();
    await page.locator(".note.good a").waitFor();
    assert.match(await page.textContent("#chat"), /Opted in.*204 in \d+ ms/);
    assert.equal(JSON.parse(bot.got[0]).message.content.text, "Hello, bot");
    const { body } = await server.api("GET", "/users/");
    assert.equal(body.data.users[0].meta.opt_in, true);

    // The delivery, and the same once more.
    await page.click(".note.good a");
    assert.match(await page.textContent("#delivery-detail"), /204 delivered.*X-Spectrum-Signature: v0=/s);
    await page.click("#delivery-detail .primary");
    await page.waitForFunction(() => document.querySelectorAll("#delivery-rows li").length === 2);
    assert.equal(bot.got.length, 2);
    assert.equal(bot.got[0], bot.got[1]);

    // Upgraded, off and on, and gone.
    await page.click(".endpoint button >> text=Upgrade");
    await page.click("#ask-yes");
    await page.click(".endpoint button >> text=Disable");
    await page.locator(".endpoint button >> text=Enable").click();
    await page.locator(".endpoint button >> text=Disable").waitFor();
    await page.click(".endpoint .danger");
    await page.waitForSelector("#webhook-empty:not([hidden])");
    assert.deepEqual(await sins(page), []);
    await page.close();
    bot.stop();
    await server.stop();
  },

  async "requests show as they happen, with bodies and a line that repeats them"({ context }) {
    const server = await sandbox();
    const page = await open(context, server.url, { hash: "#requests" });
    await server.api("POST", "/users/", { type: "shared", phoneNumber: "+14155550123", firstName: "it's" });
    await server.api("GET", "/users/not-an-id/");
    const rows = page.locator("#request-rows .row");
    await page.waitForFunction(() => document.querySelectorAll("#request-rows li").length === 2);
    assert.match(await rows.nth(0).textContent(), /GET.*422/);
    await rows.nth(1).click();
    const detail = await page.textContent("#request-detail");
    assert.ok(detail.includes(`{\n  "type": "shared",\n  "phoneNumber": "+14155550123",\n  "firstName": "it's"\n}`), detail);
    const line = await page.textContent("#request-detail .code pre");
    assert.ok(line.includes("$SPECTRUM_PROJECT_SECRET") && !line.includes(server.secret), line);
    await page.click("#request-detail .code .copy");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), line);
    const { execFileSync } = await import("node:child_process");
    const said = execFileSync("bash", ["-c", `${line} -s`], { env: { ...process.env, SPECTRUM_PROJECT_SECRET: server.secret } });
    assert.equal(JSON.parse(said).data.firstName, "it's");

    // What is not looked for is not shown.
    await page.waitForFunction(() => document.querySelectorAll("#request-rows li").length === 3);
    await page.click("[data-kind=refused]");
    assert.equal(await rows.count(), 1);
    await page.click("[data-kind='']");
    await page.fill("#request-filter", "it's");
    assert.equal(await rows.count(), 2);
    await page.fill("#request-filter", "");
    await page.check("#request-own");
    assert.ok(await rows.count() > 3);
    await page.uncheck("#request-own");
    await page.click("#request-pause");
    await server.api("GET", "/lines/");
    await page.waitForFunction(() => document.querySelector("#count-requests").textContent === "4");
    assert.equal(await rows.count(), 3);
    await page.click("#request-pause");
    assert.equal(await rows.count(), 4);
    await page.click("#request-clear");
    await page.waitForSelector("#request-empty:not([hidden])");
    assert.deepEqual((await server.control("GET", "requests")).body, []);
    assert.deepEqual(await sins(page), []);
    await page.close();
    await server.stop();
  },

  async "a fault is set, met, and taken away by a reset"({ context }) {
    const server = await sandbox();
    const page = await open(context, server.url, { hash: "#faults" });
    const slider = page.locator("[data-kind='503'] input");
    await slider.focus();
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "on");
    assert.deepEqual((await server.control("GET", "faults")).body.faults, ["503:1"]);
    assert.match(await page.getAttribute("#forecast", "aria-label"), /0 answered, 100 × 503/);
    assert.equal(await page.textContent("#fault-command pre"), "spectrum sandbox faults --fault 503:1");
    // The rates share one whole.
    await page.locator("[data-kind='429'] input").focus();
    await page.keyboard.press("End");
    assert.equal(await page.textContent("[data-kind='429'] output"), "0 %");

    await page.click(".nav [data-view=users]");
    await page.click("#user-new");
    await page.fill("#user-phone", "+14155550123");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#user-error a");
    assert.match(await page.textContent("#user-error"), /^503: .*Faults are on: see which\.$/);
    assert.equal(await page.inputValue("#user-phone"), "+14155550123", "nothing is lost");

    // Off keeps where the sliders stand.
    await page.click("#user-error a");
    await page.click("#fault-switch");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "");
    assert.deepEqual((await server.control("GET", "faults")).body.faults, []);
    assert.equal(await page.textContent("[data-kind='503'] output"), "100 %");
    await page.click("#fault-switch");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "on");
    // What others set shows here, whatever it is.
    await page.waitForTimeout(1100);
    await server.control("PUT", "faults", { faults: ["418:0.25", "delivery-late:100ms..200ms"], latency: "50ms..150ms" });
    await page.locator("[data-kind='418'] output >> text=25 %").waitFor();
    assert.equal(await page.textContent("#fault-command pre"), "spectrum sandbox faults --fault 418:0.25 --fault delivery-late:100ms..200ms --latency 50ms..150ms");

    await page.click("#reset");
    await page.click("#ask-yes");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "");
    assert.deepEqual((await server.control("GET", "faults")).body, { faults: [], latency: null, seed: null });
    await page.click(".nav [data-view=users]");
    await page.click("#user-form .primary");
    await page.locator("#user-rows .row").waitFor();
    await page.click("#reset");
    await page.click("#ask-no");
    assert.equal(await page.locator("#user-rows .row").count(), 1);
    await page.click("#reset");
    await page.click("#ask-yes");
    await page.waitForSelector("#user-empty:not([hidden])");
    assert.deepEqual(await sins(page), []);
    await page.close();
    await server.stop();
  },

  async "hostile texts stay texts, wherever they stand"({ context }) {
    const server = await sandbox();
    const bot = await handler(500);
    const phone = "+14155550123";
    const created = await server.api("POST", "/users/", { type: "shared", phoneNumber: phone, firstName: HOSTILE, lastName: "</style></textarea>", email: "a@example.com" });
    assert.equal(created.status, 200);
    await server.api("POST", "/webhooks/", { webhookUrl: `${bot.url}?q=${encodeURI(HOSTILE)}` });
    await server.api("POST", "/webhooks/", { webhookUrl: `${bot.url}/'onload='alert(1)` });
    await fetch(`${server.url}/${encodeURI(HOSTILE)}?<script>alert(1)</script>`, { headers: { "X-Evil": encodeURI(HOSTILE) } });
    await fetch(`${server.url}/a'%0a;$(touch%20x)`, { method: "POST", body: `{"x": "${HOSTILE.replaceAll('"', '\\"')}"` });
    await fetch(`${server.url}/b`, { method: "POST", body: `${HOSTILE}\u001b[31m\u202e` });
    await server.control("PUT", "faults", { faults: ["delivery-drop:0.5"] });
    const page = await open(context, server.url);
    await page.click("#user-rows .row");
    assert.equal(await page.textContent("#user-detail h3"), `${HOSTILE} </style></textarea>`);
    await page.fill("#text", HOSTILE);
    await page.press("#text", "Enter");
    await page.waitForSelector(".bubble");
    assert.equal(await page.textContent(".bubble"), HOSTILE);
    for (const view of ["requests", "webhooks"]) {
      await page.click(`.nav [data-view=${view}]`);
      const rows = page.locator(`#view-${view} .row`);
      await rows.first().waitFor();
      for (let at = 0; at < await rows.count(); at += 1) await rows.nth(at).click();
    }
    // A place in the page that is named by somebody else.
    for (const hash of ["#users/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "#<script>alert(1)</script>", "#__proto__/constructor"]) {
      await page.evaluate(hash => { location.hash = hash; }, hash);
      await page.waitForTimeout(50);
    }
    assert.equal(await page.evaluate(() => document.querySelectorAll("main img, main script, main svg, main iframe, [onerror], [onload], [style*=url]").length), 0);
    assert.deepEqual(await sins(page), []);
    await page.close();
    bot.stop();
    await server.stop();
  },

  async "the keyboard alone does the work"({ context }) {
    const server = await sandbox();
    const page = await open(context, server.url);
    const focus = () => page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const { width, height } = node.getBoundingClientRect();
      return { id: node.id || node.dataset.view || node.textContent.slice(0, 30), isSeen: style.outlineStyle !== "none" && width > 0 && height > 0 };
    });
    const until = async (id, key = "Tab") => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press(key);
        const now = await focus();
        assert.ok(now.isSeen, `the focus on ${now.id} is not to be seen`);
        if (now.id.startsWith(id)) return;
      }
      assert.fail(`${id} is not reached`);
    };
    await page.keyboard.press("Tab");
    assert.match((await focus()).id, /^Skip/);
    await until("user-new");
    await page.keyboard.press("Enter");
    assert.equal((await focus()).id, "user-phone");
    await page.keyboard.type("+14155550123");
    await page.keyboard.press("Enter");
    await page.locator("#user-rows .row").waitFor();
    await page.waitForFunction(() => document.activeElement.id === "text");
    await page.keyboard.type("Hello");
    await page.keyboard.press("Enter");
    await page.locator("#user-rows .opt.in").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement.classList.contains("row")), true);
    // Requests: the second one by arrow, opened by Enter.
    await until("requests", "Shift+Tab");
    await page.keyboard.press("Enter");
    await until("request-own");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#request-detail .code");
    await page.keyboard.press("Escape");
    await until("faults", "Shift+Tab");
    await page.keyboard.press("Enter");
    await until("fault-switch");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "on");
    await until("reset", "Shift+Tab");
    await page.keyboard.press("Enter");
    assert.equal((await focus()).id, "ask-no");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#count-faults").textContent === "");
    assert.deepEqual(await sins(page), []);
    await page.close();
    await server.stop();
  },

  async "axe finds nothing serious, and nothing is wider than its window"({ context }) {
    const server = await sandbox();
    const stop = await scene(server);
    const found = [];
    for (const scheme of ["light", "dark"]) {
      for (const width of [1440, 768, 390]) {
        const page = await open(context, server.url, { width, scheme, motion: "reduce" });
        await page.locator("#user-rows .row").first().waitFor();
        const look = async name => {
          const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (over > 0) found.push(`${name}, ${width} px: ${over} px too wide`);
          await page.evaluate(AXE);
          const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
          for (const { id, impact, nodes } of violations) {
            if (["serious", "critical"].includes(impact)) found.push(`${name}, ${scheme}, ${width} px: ${id} (${impact}) ${nodes.map(node => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`);
          }
        };
        for (const view of VIEWS) {
          await page.click(`.nav [data-view=${view}]`);
          await page.mouse.move(0, 0);
          await look(view);
          const row = page.locator(`#view-${view} .row`).first();
          if (await row.count() && await row.isVisible()) {
            await row.click();
            if (view === "users") {
              await page.fill("#text", "A text that is much longer than what the width of a bubble holds in one line, and has-a-word-that-no-line-breaks-".repeat(3));
              await page.press("#text", "Enter");
              await page.locator(".note").first().waitFor();
            }
            await look(`${view}, opened`);
          }
        }
        await page.evaluate(() => { location.hash = "users"; });
        await page.click("#user-new");
        await look("the form");
        await page.click("#reset");
        await look("the question");
        found.push(...await sins(page));
        await page.close();
      }
    }
    // Empty, too.
    const bare = await sandbox();
    const page = await open(context, bare.url, { width: 390, motion: "reduce" });
    for (const view of VIEWS) {
      await page.click(`.nav [data-view=${view}]`);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => axe.run());
      found.push(...violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => `${view}, empty: ${id}`));
    }
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("#state")).transitionDuration), "0s");
    await page.close();
    assert.deepEqual(found, []);
    stop();
    await bare.stop();
    await server.stop();
  },

  async "a thousand users are quick, and so is a busy journal"({ context }) {
    const server = await sandbox("--pool", "200", "--max-shared-users", "5000");
    for (let at = 0; at < 1000; at += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, part) =>
        server.api("POST", "/users/", { type: "shared", phoneNumber: `+1415${String(5_550_000 + at + part)}`, firstName: `Person ${at + part}` })));
    }
    const page = await open(context, server.url);
    await page.waitForFunction(() => document.querySelector("#count-users").textContent === "1,000");
    const took = await page.evaluate(async () => {
      const begin = performance.now();
      const filter = document.querySelector("#user-filter");
      for (const text of ["9", "99", "999", ""]) {
        filter.value = text;
        filter.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
      }
      return performance.now() - begin;
    });
    assert.ok(took < 1000, `four drawings of the list took ${took} ms`);
    // Events arrive faster than one reads: nothing is asked of the API for them.
    const before = page.asked.length;
    await Promise.all(Array.from({ length: 300 }, () => server.api("GET", "/lines/")));
    await page.waitForFunction(() => Number(document.querySelector("#count-requests").textContent) >= 800);
    assert.equal(page.asked.length, before);
    assert.deepEqual(await sins(page), []);
    await page.close();
    await server.stop();
    return `four drawings in ${Math.round(took)} ms`;
  },

  async "several projects have a chooser, and do not mix"({ context }) {
    const { mkdtempSync, rmSync, writeFileSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/page-");
    const ids = ["5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60", "6b5ec1d6-8f20-4d4b-8c3e-1f6f9d8e2b71"];
    writeFileSync(`${folder}/projects.toml`, ids.map((id, at) => `[[projects]]\nid = "${id}"\nsecret = "a secret 'with\\" ${at}"\n`).join(""));
    const server = await sandbox("--projects", `${folder}/projects.toml`);
    const page = await open(context, server.url);
    const add = async phone => {
      await page.click("#user-new");
      await page.fill("#user-phone", phone);
      await page.keyboard.press("Enter");
      await page.locator("#user-rows .row").waitFor();
    };
    await add("+14155550123");
    await page.selectOption("#project", ids[1]);
    await page.waitForSelector("#user-empty:not([hidden])");
    await add("+14155550124");
    assert.match(await page.textContent("#user-rows"), /50124/);
    await page.selectOption("#project", ids[0]);
    await page.locator("#user-rows >> text=+14155550123").first().waitFor();
    assert.equal(await page.locator("#user-rows .row").count(), 1);
    // What is to be pasted means the same to a shell.
    await page.click(".nav [data-view=connect]");
    const exports = await page.textContent("#connect-cards .card:first-child pre");
    const { execFileSync } = await import("node:child_process");
    assert.equal(String(execFileSync("bash", ["-c", `${exports}\nprintf %s "$SPECTRUM_PROJECT_SECRET"`])), `a secret 'with" 0`);
    await page.click("#connect-cards .card:first-child .copy");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), exports);
    assert.deepEqual(await sins(page), []);
    await page.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  },

  async "it says when the sandbox is gone, and comes back with it"({ context }) {
    const server = await sandbox();
    const listen = new URL(server.url).host;
    const page = await open(context, server.url);
    await server.stop("SIGKILL");
    await page.waitForSelector("#state[data-is=lost]");
    await page.locator("#notice >> text=does not answer").waitFor();
    const again = await sandbox("--listen", listen);
    await again.api("POST", "/users/", { type: "shared", phoneNumber: "+14155550123" });
    await page.waitForSelector("#state[data-is=live]");
    await page.locator("#user-rows .row").waitFor();
    await page.waitForSelector("#notice", { state: "hidden" });
    assert.deepEqual(await page.evaluate(() => window.violations), []);
    await page.close();
    await again.stop();
  },
};

const seen = await browser();
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  try {
    const said = await check({ context: seen.started });
    console.log(`page: ${name}${said ? ` (${said})` : ""}`);
  } catch (error) {
    failed += 1;
    console.log(`page: FAILED: ${name}\n${error.stack}`);
  }
}
await seen.close();
process.exit(failed ? 1 : 0);
