// What the stories stand on: a browser, the local system behind it, and people who sign in.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const [modules, ...options] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const said = readFileSync(process.env.SAID, "utf8");
export const base = said.match(/^ready (\S+)/m)[1];
export const link = said.match(/\S+\/console\/sign-in\/link\/\S+/)[0];
export const CLIENT = "+4915112345678";
export const WIDE = { width: 1360, height: 900 };
export const PHONE = { width: 390, height: 844 };

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

export let failures = 0;
export function fail(what) {
  failures += 1;
  console.error(`FAILED: ${what}`);
}

export async function story(name, tell) {
  try {
    await tell();
    console.log(`ok  ${name}`);
  } catch (error) {
    fail(`${name}: ${error.stack}`);
  }
}

// Which refusals a tab may meet now.
const allowed = new WeakMap();

// A tab of somebody who is signed in as `context` is. An error of the script fails the run, and so does
// every refusal that nobody expects.
export async function tab(context) {
  const page = await context.newPage();
  page.on("pageerror", (error) => fail(`script: ${error.message}`));
  page.on("console", (message) => {
    // What the server refuses is judged by its answer.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) fail(`console: ${message.text()}`);
  });
  page.on("response", (answer) => {
    if (answer.status() < 400) return;
    const of = allowed.get(page);
    if (of && of.status === answer.status()) of.met += 1;
    else fail(`${answer.request().method()} ${answer.url()} answers ${answer.status()}`);
  });
  return page;
}

// Does something that may be refused with this status and no other; says how often it was.
export async function mayRefuse(page, status, act) {
  const of = { status, met: 0 };
  allowed.set(page, of);
  try {
    await act();
  } finally {
    allowed.delete(page);
  }
  return of.met;
}

// The same for what must be refused.
export async function refuses(page, status, act) {
  assert.equal(await mayRefuse(page, status, act), 1, `it is refused once, with ${status}`);
}

export async function orders(path, body) {
  const answer = await fetch(`${base}${path}`, { method: "POST", body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer;
}
export const json = async (path) => (await fetch(`${base}${path}`)).json();
export const jump = (advance) => orders("/local/clock", { advance });
export const lines = async (from) => (await json(`/local/chat/lines?from=${encodeURIComponent(from)}`)).lines;

// Asks until something is there.
export async function until(what, ask) {
  for (let round = 0; round < 150; round += 1) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error(`never: ${what}`);
}

export async function say(text, from = CLIENT) {
  const answer = await fetch(`${base}/local/chat/say`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ from, text }),
  });
  assert.equal(answer.status, 204);
}

// Waits until the client has read a text that has this in it.
export function reads(text, from = CLIENT) {
  return until(`the client reads ${text}`, async () =>
    (await lines(from)).some((line) => line.who === "clinic" && line.text.includes(text)));
}

// The last sign-in code that went to an address.
export function code(to, before = 0) {
  return until(`a code for ${to}`, async () => {
    const mails = await codes(to);
    return mails.length > before && mails.at(-1).text.match(/\d{8}/)[0];
  });
}
export async function codes(to) {
  const sent = await json("/local/outbox");
  return sent.filter((mail) => mail.kind === "email" && mail.to.includes(to) && /sign-in code/.test(mail.subject));
}

// As far as the page that asks for the code.
export async function askCode(context, email) {
  const page = await tab(context);
  await page.goto(`${base}/console/sign-in`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByLabel("Code").waitFor();
  return page;
}

export async function signIn(context, email) {
  const before = (await codes(email)).length;
  const page = await askCode(context, email);
  await page.getByLabel("Code").fill(await code(email, before));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/console\/inbox/);
  return page;
}

// Puts something into quarantine, and gives the path of its page: what the website's chat delivers, signed,
// and not to be read.
export async function quarantined(page) {
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
  return until("something is in quarantine", async () => {
    await page.goto(`${base}/console/quarantine`);
    const row = page.locator("a.row").first();
    return (await row.count()) && row.getAttribute("href");
  });
}
