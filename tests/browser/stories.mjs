// The console in a real browser: what the help article describes, step by step, and what must never be.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, ...options] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const pictures = options.includes("--screenshots");
const all = pictures || options.includes("--all");
const said = readFileSync(process.env.SAID, "utf8");
const base = said.match(/^ready (\S+)/m)[1];
const link = said.match(/\S+\/console\/sign-in\/link\/\S+/)[0];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
let failures = 0;

// A tab of somebody who is signed in as `context` is.
async function tab(context) {
  const page = await context.newPage();
  page.on("pageerror", (error) => fail(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) fail(`console: ${message.text()}`);
  });
  return page;
}

function fail(what) {
  failures += 1;
  console.error(`FAILED: ${what}`);
}

async function story(name, tell) {
  try {
    await tell();
    console.log(`ok  ${name}`);
  } catch (error) {
    fail(`${name}: ${error.stack}`);
  }
}

async function orders(path, body) {
  const answer = await fetch(`${base}${path}`, { method: "POST", body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer;
}
const json = async (path) => (await fetch(`${base}${path}`)).json();
const jump = (advance) => orders("/local/clock", { advance });

async function say(text, from = "+4915112345678") {
  const answer = await fetch(`${base}/local/chat/say`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ from, text }),
  });
  assert.equal(answer.status, 204);
}

// Waits until the client has read a text that has this in it.
async function reads(text, from = "+4915112345678") {
  for (let round = 0; round < 100; round += 1) {
    const { lines } = await json(`/local/chat/lines?from=${encodeURIComponent(from)}`);
    if (lines.some((line) => line.who === "clinic" && line.text.includes(text))) return lines;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error(`the client never read ${text}`);
}

// Reads the last sign-in code that went to an address.
async function code(to) {
  for (let round = 0; round < 100; round += 1) {
    const mails = (await json("/local/outbox")).filter((sent) => sent.kind === "email" && sent.to.includes(to) && /sign-in code/.test(sent.subject));
    if (mails.length) return mails.at(-1).text.match(/\d{8}/)[0];
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error(`no code for ${to}`);
}

async function signIn(context, email) {
  const page = await tab(context);
  await page.goto(`${base}/console/sign-in`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByLabel("Code").fill(await code(email));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/console\/inbox/);
  return page;
}

const alex = await browser.newContext({ viewport: { width: 1360, height: 900 }, timezoneId: "Europe/Berlin", locale: "en-GB" });
const page = await tab(alex);
await page.goto(link);
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForURL(/\/console\/inbox/);

let editor;
let botName;

await story("set up the three scenarios from nothing, as the help article describes", async () => {
  await page.getByRole("link", { name: "Conversational AI" }).first().click();
  botName = await page.locator(".row b a").first().innerText();
  await page.getByRole("link", { name: botName }).first().click();
  await page.waitForURL(/\/handover/);
  editor = page.url().split("?")[0];
  // From nothing: what the sample has set up goes.
  while (await page.locator(".scenario").count() > 0) {
    await page.getByText("Remove this scenario").click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.waitForURL(/done=removed/);
  }
  await page.getByText("No scenarios yet").waitFor();
  for (const name of ["Human requested", "Lack of knowledge", "Repeated failure"]) {
    await page.getByLabel("Add a scenario").selectOption({ label: name });
    await page.locator(".add button").click();
    await page.waitForURL(/done=added/);
    await page.getByRole("heading", { name, level: 2 }).waitFor();
  }
  await page.locator(".scenario a", { hasText: "Human requested" }).click();
  await page.getByLabel("Example phrase 1").fill("is the doctor in today");
  await page.getByRole("button", { name: "Add example phrase" }).click();
  await page.getByLabel("Example phrase 2").fill("put me through");
  await page.getByLabel("Assign to").selectOption({ label: "Billie Chen" });
  await page.getByLabel("Skip if the contact is already assigned to somebody").check();
  await page.locator("#closing_text").fill("Thank you! Billie will get back to you.");
  await page.getByLabel("days", { exact: true }).fill("0");
  await page.getByLabel("hours", { exact: true }).fill("2");
  await page.getByLabel("minutes", { exact: true }).fill("30");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.equal(await page.getByLabel("Example phrase 2").inputValue(), "put me through");
  assert.equal(await page.locator(".scenario").count(), 3);
});

await story("try a message: which scenario fires, and why not", async () => {
  await page.getByLabel("What a client might write").fill("Is the doctor in today?");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByText("This would fire “Human requested”").waitFor();
  await page.getByText(/Phrase “is the doctor in today” \(100 %\)/).waitFor();
  await page.getByLabel("What a client might write").fill("What are your opening hours?");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByText("Does not fire: too unsure, and no phrase matches.").waitFor();
});

const billies = await browser.newContext({ viewport: { width: 1360, height: 900 }, timezoneId: "America/New_York", locale: "en-US" });
let billie;

await story("a client asks, the bot hands over; claim, answer, hand back; the bot goes on", async () => {
  await say("What are your opening hours?");
  await reads("8");
  // The settings that the functions believe are half a minute old at most.
  await jump("PT1M");
  billie = await signIn(billies, "billie.chen@sunrise-clinic.example");
  await say("Is the doctor in today?");
  await reads("Billie will get back to you.");
  await billie.goto(`${base}/console/inbox?view=mine`);
  await billie.locator("a.row").first().click();
  await billie.getByText("Why the bot stepped aside").waitFor();
  await billie.getByLabel("Your answer").fill("Hello, Billie here. Doctor Lee is in until six.");
  await billie.getByRole("button", { name: "Send" }).click();
  await reads("Doctor Lee is in until six.");
  // The page shows what the client writes without being asked.
  await say("Wonderful, thank you!");
  await billie.getByText("Wonderful, thank you!").waitFor({ timeout: 12_000 });
  await billie.locator("summary", { hasText: "Hand back to the bot" }).click();
  await billie.getByLabel("Reason").first().fill("all said");
  await billie.getByRole("button", { name: "Hand back to the bot" }).click();
  await billie.getByText("The bot has the conversation again.").waitFor();
  assert.equal(await billie.getByLabel("Your answer").count(), 0, "the composer is locked");
  await jump("PT1M");
  const before = (await json("/local/chat/lines?from=%2B4915112345678")).lines.length;
  await say("Where can I park?");
  for (let round = 0; round < 100; round += 1) {
    const { lines } = await json("/local/chat/lines?from=%2B4915112345678");
    if (lines.length >= before + 2 && lines.at(-1).who === "clinic") return;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error("the bot did not answer");
});

if (all) {
  await story("two tabs edit one bot: the second is told, and keeps what was typed", async () => {
    const [one, other] = [await tab(alex), await tab(alex)];
    await one.goto(editor);
    await other.goto(editor);
    await one.locator("#closing_text").fill("From the first tab");
    await one.getByRole("button", { name: "Save" }).click();
    await one.getByText("Saved.").waitFor();
    await other.locator("#closing_text").fill("From the second tab");
    await other.getByRole("button", { name: "Save" }).click();
    await other.getByText("Somebody else has changed this bot").waitFor();
    assert.equal(await other.locator("#closing_text").inputValue(), "From the second tab");
    await one.close();
    await other.close();
  });

  await story("a seventh scenario is refused with words", async () => {
    const extra = await tab(alex);
    await extra.goto(editor);
    for (let count = await extra.locator(".scenario").count(); count < 6; count += 1) {
      await extra.getByLabel("Add a scenario").selectOption("custom");
      await extra.locator(".add button").click();
      await extra.waitForURL(/done=added/);
    }
    await extra.locator(".add button").click();
    await extra.getByText("a bot has at most 6 handover actions, not 7").waitFor();
    assert.equal(await extra.locator(".scenario").count(), 6);
    for (let count = 6; count > 3; count -= 1) {
      await extra.locator(".scenario a").last().click();
      await extra.getByText("Remove this scenario").click();
      await extra.getByRole("button", { name: "Remove", exact: true }).click();
      await extra.waitForURL(/done=removed/);
    }
    await extra.close();
  });

  await story("another account is not reached by any link", async () => {
    const { account } = await (await orders("/local/accounts", { name: "Other clinic" })).json();
    assert.ok(account);
    const links = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((a) => a.href));
    const conversation = new URL(billie.url()).pathname;
    const twin = await browser.newContext();
    const stranger = await signIn(twin, "alex.moreno@moonlight-clinic.example");
    for (const path of [conversation, new URL(editor).pathname, ...links.map((l) => new URL(l).pathname).filter((p) => /\/bots\/./.test(p))]) {
      // 405: an address that only takes forms says so to everybody.
      const answer = await stranger.request.get(`${base}${path}`);
      assert.ok([404, 405].includes(answer.status()), `${path}: ${answer.status()}`);
    }
    await twin.close();
  });

  await story("without a script: another phrase, a claim, times in UTC", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await alex.storageState() });
    const bare = await plain.newPage();
    await bare.goto(editor);
    const count = await bare.locator("input[name=phrase]").count();
    await bare.getByRole("button", { name: "Add example phrase" }).click();
    assert.equal(await bare.locator("input[name=phrase]").count(), count + 1);
    await bare.goto(`${base}/console/inbox?view=bot`);
    assert.match(await bare.locator("time").first().innerText(), /UTC$/);
    await plain.close();
  });

  // Something to see on every page.
  await orders("/local/clock", { advance: "PT1M" });
  const clients = [["I want to talk to a human please", "+4915123456701"], ["put me through", "+4915123456702"],
    ["Do you treat zebras?", "+4915123456703"], ["What are your opening hours?", "+4915123456704"]];
  for (const [text, from] of clients) await say(text, from);
  await say("hello?", clients[0][1]);
  await say("Thanks! One more thing: is the doctor in today, in the afternoon?");
  await new Promise((done) => { setTimeout(done, 3000); });

  const bot = new URL(editor).pathname.replace("/handover", "");
  await page.goto(`${base}${bot}/knowledge`);
  const entry = await page.locator("a.row").first().getAttribute("href");
  await page.goto(`${base}/console/inboxes`);
  const inbox = await page.locator("a.row").first().getAttribute("href");
  await page.goto(`${base}/console/staff`);
  const staff = await page.locator("a.row").last().getAttribute("href");
  await page.goto(`${base}/console/teams`);
  const team = await page.locator("a.row").first().getAttribute("href");
  await page.goto(`${base}/console/inbox?view=all`);
  const conversation = await page.locator("a.row", { hasText: "+4915112345678" }).first().getAttribute("href");
  await page.goto(`${base}${conversation}`);
  await page.getByRole("button", { name: "Assign it to me" }).click();
  await page.getByLabel("Your answer").waitFor();
  const contact = await page.locator("h1 a").getAttribute("href");
  const quarantined = await fetchQuarantine();
  const pages = {
    inbox: "/console/inbox?view=all", waiting: "/console/inbox", conversation, contact, tasks: "/console/tasks",
    notifications: "/console/notifications", me: "/console/me", reports: "/console/reports", bots: "/console/bots",
    bot, handover: `${bot}/handover`, knowledge: `${bot}/knowledge`, entry, inboxes: "/console/inboxes",
    "new-inbox": "/console/inboxes/new", twilio: "/console/inboxes/new?provider=twilio", inbox_settings: inbox,
    staff: "/console/staff", "staff-member": staff, teams: "/console/teams", team, keys: "/console/keys",
    quarantine: "/console/quarantine", quarantined, audit: "/console/audit",
    account: "/console/account", chat: "/local/chat",
  };
  const doors = { "sign-in": "/console/sign-in" };
  const folder = "docs/screenshots";
  if (pictures) mkdirSync(folder, { recursive: true });
  const outside = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const door = await tab(outside);

  async function look(tab, name, path, wide) {
    await story(`axe: ${name}${wide ? "" : " on a phone"}`, async () => {
      for (const colorScheme of ["light", "dark"]) {
        await tab.emulateMedia({ colorScheme });
        const answer = await tab.goto(`${base}${path}`);
        assert.equal(answer.status(), 200, path);
        // CSP keeps strangers' scripts out, so axe comes in as the debugger's.
        await tab.evaluate(axe);
        const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const bad = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
        assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`), [], colorScheme);
        const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `it is ${over} px wider than the window`);
        const dark = colorScheme === "dark";
        const wanted = wide ? !dark || ["inbox", "conversation", "handover"].includes(name) : !dark && ["inbox", "conversation", "handover", "sign-in"].includes(name);
        if (pictures && wanted) {
          await tab.screenshot({ path: `${folder}/${name}${wide ? "" : "-phone"}${dark ? "-dark" : ""}.png`, scale: "css" });
        }
      }
    });
  }
  for (const [name, path] of Object.entries(pages)) await look(page, name, path, true);
  for (const [name, path] of Object.entries(doors)) await look(door, name, path, true);
  await page.setViewportSize({ width: 390, height: 844 });
  await door.setViewportSize({ width: 390, height: 844 });
  for (const [name, path] of Object.entries(pages)) await look(page, name, path, false);
  for (const [name, path] of Object.entries(doors)) await look(door, name, path, false);
}

// Puts something into quarantine, and gives the path of its page: what the website's chat delivers, signed,
// and not to be read.
async function fetchQuarantine() {
  const { accounts: [clinic] } = await json("/local/info");
  const inbox = clinic.inboxes.find((one) => one.provider === "generic");
  const [id, at, body] = ["msg_1", Math.floor(Date.now() / 1000), "neither JSON nor anything else"];
  const key = Buffer.from(inbox.secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json", "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${signature}`,
  };
  const taken = await fetch(inbox.webhook_url, { method: "POST", headers, body });
  assert.ok(taken.ok, `the webhook answers ${taken.status}`);
  for (let round = 0; round < 50; round += 1) {
    await page.goto(`${base}/console/quarantine`);
    const row = page.locator("a.row").first();
    if (await row.count()) return row.getAttribute("href");
    await new Promise((done) => { setTimeout(done, 200); });
  }
  throw new Error("nothing came to quarantine");
}

await browser.close();
console.log(failures ? `${failures} failed` : "all passed");
process.exit(failures ? 1 : 0);
