// Every page, and the states that a page can be in, under axe; and the pictures in docs/screenshots.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import {
  PHONE, WIDE, askCode, axe, base, browser, code, codes, link, orders, quarantined, refuses, say, signIn, story, tab, until,
} from "./console.mjs";

const FOLDER = "docs/screenshots";
// What is worth a picture in the dark, and on a phone.
const IN_THE_DARK = ["inbox", "conversation", "handover"];
const ON_A_PHONE = ["inbox", "conversation", "handover", "menu", "sign-in"];

// A place that is a path, or a way to it.
async function go(tab, place) {
  if (typeof place === "function") return place(tab);
  const answer = await tab.goto(`${base}${place}`);
  assert.equal(answer.status(), 200, place);
}

async function look(tab, name, place, wide, pictures) {
  await story(`axe: ${name}${wide ? "" : " on a phone"}`, async () => {
    await go(tab, place);
    for (const colorScheme of ["light", "dark"]) {
      await tab.emulateMedia({ colorScheme });
      // CSP keeps strangers' scripts out, so axe comes in as the debugger's.
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const bad = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
      assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`), [], colorScheme);
      const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `it is ${over} px wider than the window`);
      const dark = colorScheme === "dark";
      const wanted = wide ? !dark || IN_THE_DARK.includes(name) : !dark && ON_A_PHONE.includes(name);
      if (pictures && wanted) {
        // A conversation on a phone is what one sees when it opens; everything else is shown whole.
        const fullPage = wide || name !== "conversation";
        await tab.screenshot({ path: `${FOLDER}/${name}${wide ? "" : "-phone"}${dark ? "-dark" : ""}.png`, scale: "css", fullPage });
      }
    }
    await tab.emulateMedia({ colorScheme: "light" });
  });
}

// A place that is refused with a status.
const refused = (path, status) => (tab) => refuses(tab, status, () => tab.goto(`${base}${path}`));

export async function looks({ alex, billies, page, editor, conversation, pictures }) {
  if (pictures) mkdirSync(FOLDER, { recursive: true });
  // Something to see on every page.
  await orders("/local/clock", { advance: "PT1M" });
  const clients = [["I want to talk to a human please", "+4915123456701"], ["put me through", "+4915123456702"],
    ["Do you treat zebras?", "+4915123456703"], ["What are your opening hours?", "+4915123456704"]];
  for (const [text, from] of clients) await say(text, from);
  await say("hello?", clients[0][1]);
  await say("Thanks! One more thing: is the doctor in today, in the afternoon?");
  const held = ["+4915123456701", "+4915123456702", "+4915123456703"];
  await until("all have been handed over", async () => {
    await page.goto(`${base}/console/inbox?view=all`);
    const rows = await page.locator("a.row").allInnerTexts();
    return held.every((from) => rows.some((row) => row.includes(from)));
  });

  const bot = new URL(editor).pathname.replace("/handover", "");
  const first = async (path, which = "first") => {
    await page.goto(`${base}${path}`);
    return page.locator("a.row")[which]().getAttribute("href");
  };
  const entry = await first(`${bot}/knowledge`);
  const inbox = await first("/console/inboxes");
  const staff = await first("/console/staff", "last");
  const team = await first("/console/teams");
  const waiting = await first("/console/inbox");
  await page.goto(`${base}${conversation}`);
  const contact = await page.locator("h1 a").getAttribute("href");
  const item = await quarantined(page);

  const opened = async (tab) => {
    await go(tab, conversation);
    await tab.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
  };
  const made = (path, name) => async (tab) => {
    await go(tab, path);
    await tab.getByLabel("What it is for").fill(name);
    await tab.locator("form.card").getByRole("button", { name: "Add" }).click();
    await tab.getByText("Copy it now").waitFor();
  };
  const secret = async (tab) => {
    await go(tab, bot);
    await tab.getByLabel("Secret", { exact: true }).selectOption("signing_secret");
    await tab.locator("form", { has: tab.locator("#secret") }).getByRole("button", { name: "Save" }).click();
    // Another secret in the place of one that is in use: it asks first.
    await tab.locator("form.card button.danger").click();
    await tab.getByText("Copy it now").waitFor();
  };
  const wrong = async (tab) => {
    await go(tab, "/console/staff/new");
    await tab.getByLabel("Name").fill(" ");
    await tab.getByLabel("Phone").fill("nonsense");
    await refuses(tab, 422, async () => {
      await tab.getByRole("button", { name: "Save" }).click();
      await tab.getByText("Something is not right yet").waitFor();
    });
  };
  const tried = async (tab) => {
    await go(tab, `${bot}/handover`);
    await tab.getByLabel("What a client might write").fill("put me through");
    await tab.getByRole("button", { name: "Try" }).click();
    await tab.getByText("This would fire").waitFor();
  };
  const removing = async (tab) => {
    await go(tab, `${bot}/handover`);
    await tab.getByText("Remove this scenario").click();
  };
  const conflict = async (tab) => {
    await go(tab, `${bot}/handover`);
    await tab.locator("form.card input[name=seen]").evaluate((field) => { field.value = "1"; });
    await tab.locator("#closing_text").fill("From a third tab");
    await refuses(tab, 412, async () => {
      await tab.locator("form.card").getByRole("button", { name: "Save" }).click();
      await tab.getByText("Somebody else has changed this meanwhile").waitFor();
    });
  };
  const locked = async (tab) => {
    await go(tab, waiting);
    await tab.getByRole("button", { name: "Claim" }).waitFor();
  };
  const pages = {
    inbox: "/console/inbox?view=all", waiting: "/console/inbox", conversation, locked, "conversation-panels": opened, contact,
    tasks: "/console/tasks", notifications: "/console/notifications", me: "/console/me", reports: "/console/reports",
    unanswered: "/console/reports?only=unanswered", bots: "/console/bots", bot, secret,
    handover: `${bot}/handover`, "handover-tried": tried, "handover-remove": removing, "handover-changed": conflict,
    knowledge: `${bot}/knowledge`, entry, inboxes: "/console/inboxes", "new-inbox": "/console/inboxes/new",
    twilio: "/console/inboxes/new?provider=twilio", inbox_settings: inbox, staff: "/console/staff",
    "new-staff": "/console/staff/new", "wrong-staff": wrong, "staff-member": staff, teams: "/console/teams", team,
    keys: "/console/keys", key: made("/console/keys", "CRM"), quarantine: "/console/quarantine", quarantined: item,
    audit: "/console/audit", account: "/console/account", missing: refused("/console/bots/nobody", 404), chat: "/local/chat",
  };

  // Before one has signed in, and whoever belongs to two accounts.
  const outside = await browser.newContext({ viewport: WIDE });
  const door = await tab(outside);
  await story("a staff member of another account joins this one", async () => {
    await go(page, "/console/staff/new");
    await page.getByLabel("Name").fill("Casey Both");
    await page.getByLabel("E-mail address").fill("alex.moreno@moonlight-clinic.example");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
  });
  const asked = async (tab) => {
    const one = await askCode(outside, "billie.chen@moonlight-clinic.example");
    await one.close();
    await go(tab, "/console/sign-in/code");
  };
  const which = async (tab) => {
    const email = "alex.moreno@moonlight-clinic.example";
    const before = (await codes(email)).length;
    const one = await askCode(outside, email);
    await one.close();
    await go(tab, "/console/sign-in/code");
    await tab.getByLabel("Code").fill(await code(email, before));
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByText("Which account?").waitFor();
  };
  const doors = { "sign-in": "/console/sign-in", code: asked, "one-time-link": new URL(link).pathname, "which-account": which };

  // What a staff member sees, and where nothing has happened yet.
  const desk = await tab(billies);
  const desks = { "staff-inbox": "/console/inbox?view=all", "staff-conversation": conversation, forbidden: refused("/console/bots", 403) };
  const moon = await browser.newContext({ viewport: WIDE });
  const empty = await signIn(moon, "billie.chen@moonlight-clinic.example");
  const empties = {
    "empty-inbox": "/console/inbox", "empty-mine": "/console/inbox?view=mine", "empty-all": "/console/inbox?view=all",
    "empty-bot": "/console/inbox?view=bot", "empty-tasks": "/console/tasks", "empty-notifications": "/console/notifications",
    "empty-reports": "/console/reports",
  };

  for (const [tab, places] of [[page, pages], [door, doors], [desk, desks], [empty, empties]]) {
    for (const [name, place] of Object.entries(places)) await look(tab, name, place, true, pictures);
  }
  const menu = async (tab) => {
    await go(tab, "/console/inbox?view=all");
    await tab.getByLabel("Menu").check({ force: true });
  };
  for (const [tab, places] of [[page, { ...pages, menu }], [door, { "sign-in": "/console/sign-in" }], [empty, { "empty-inbox": "/console/inbox" }]]) {
    await tab.setViewportSize(PHONE);
    for (const [name, place] of Object.entries(places)) await look(tab, name, place, false, pictures);
  }
  await moon.close();
}
