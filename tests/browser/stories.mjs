// The console in a real browser: what the help article describes, step by step, and what must never be.
import assert from "node:assert/strict";
import {
  CLIENT, PHONE, WIDE, base, browser, failures, jump, lines, link, mayRefuse, options, reads, refuses, say, signIn,
  story, tab, until,
} from "./console.mjs";
import { looks } from "./looks.mjs";

const pictures = options.includes("--screenshots");
const all = pictures || options.includes("--all");

const alex = await browser.newContext({ viewport: WIDE, timezoneId: "Europe/Berlin", locale: "en-GB" });
const page = await tab(alex);
await page.goto(link);
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForURL(/\/console\/inbox/);

let editor;
let conversation;

// Takes the conversation over, from whomever: a colleague, the bot, nobody.
async function takeOver(one) {
  await one.goto(`${base}${conversation}`);
  for (const name of ["Assign it to me", "Take over", "Claim"]) {
    const button = one.locator("#composer").getByRole("button", { name });
    if (!(await button.count())) continue;
    await button.click();
    await one.waitForURL(/done=/);
  }
  await one.getByLabel("Your answer").waitFor();
}

async function choose(name) {
  await page.locator(".scenario a", { hasText: name }).click();
  await page.getByRole("heading", { name, level: 2 }).waitFor();
}

async function pause(days, hours, minutes) {
  await page.getByLabel("days", { exact: true }).fill(days);
  await page.getByLabel("hours", { exact: true }).fill(hours);
  await page.getByLabel("minutes", { exact: true }).fill(minutes);
}

async function save() {
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.", { exact: true }).waitFor();
}

await story("set up the three scenarios from nothing, as the help article describes", async () => {
  await page.getByRole("link", { name: "Conversational AI" }).first().click();
  await page.locator(".row b a").first().click();
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

  await choose("Human requested");
  await page.getByLabel("Example phrase 1").fill("is the doctor in today");
  await page.getByRole("button", { name: "Add example phrase" }).click();
  await page.getByLabel("Example phrase 2").fill("put me through");
  await page.getByLabel("Assign to").selectOption({ label: "Nobody: it waits until somebody claims it" });
  await page.locator("#closing_text").fill("Thank you! Somebody will get back to you.");
  await pause("0", "2", "30");
  await save();
  assert.equal(await page.getByLabel("Example phrase 2").inputValue(), "put me through");

  await choose("Lack of knowledge");
  await page.getByLabel("Least evidence, in percent").fill("40");
  await page.getByLabel("Assign to").selectOption({ label: "Front desk" });
  await page.getByLabel("Skip if the contact is already assigned to somebody").check();
  await page.locator("#closing_text").fill("The front desk will look it up for you.");
  await pause("1", "0", "0");
  await page.getByLabel("Add a tag to the contact").fill("to_look_up");
  await save();
  assert.equal(await page.getByLabel("Least evidence, in percent").inputValue(), "40");
  assert.equal(await page.getByLabel("Add a tag to the contact").inputValue(), "to_look_up");
  assert.ok(await page.getByLabel("Skip if the contact is already assigned to somebody").isChecked());

  await choose("Repeated failure");
  await page.getByLabel("Retries").selectOption("1");
  await page.getByLabel("Assign to").selectOption({ label: "Billie Chen" });
  await page.getByLabel("Send nothing").check();
  await page.getByLabel("Until somebody hands back").check();
  await page.getByLabel("Create a follow-up task, due in 24 hours").uncheck();
  await save();
  assert.equal(await page.getByLabel("Retries").inputValue(), "1");
  for (const [label, on] of [["Send nothing", true], ["Until somebody hands back", true], ["Create a follow-up task, due in 24 hours", false]]) {
    assert.equal(await page.getByLabel(label).isChecked(), on, label);
  }
  assert.equal(await page.locator(".scenario").count(), 3);
});

await story("try a message in place: which scenario fires, and why not; what was typed beside it stays", async () => {
  await choose("Human requested");
  const before = page.url();
  await page.locator("#closing_text").fill("Typed and not saved yet");
  await page.getByLabel("What a client might write").fill("Is the doctor in today?");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByText("This would fire “Human requested”").waitFor();
  await page.getByText(/Phrase “is the doctor in today” \(100 %\)/).waitFor();
  await page.getByLabel("What a client might write").fill("What are your opening hours?");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByText("Does not fire: too unsure, and no phrase matches.").waitFor();
  // A refusal stands where the outcome stands, and is told there.
  await page.getByLabel("What a client might write").fill("   ");
  await refuses(page, 422, async () => {
    await page.getByRole("button", { name: "Try" }).click();
    await page.locator("#try [role=status]").getByText("only blanks").waitFor();
  });
  assert.equal(page.url(), before, "the page is the same one");
  assert.equal(await page.locator("#closing_text").inputValue(), "Typed and not saved yet");
  // Whoever leaves a changed form is asked first.
  const asked = new Promise((done) => {
    page.once("dialog", async (dialog) => {
      await dialog.dismiss();
      done(dialog.type());
    });
  });
  await page.getByRole("link", { name: "Reports" }).click({ noWaitAfter: true });
  assert.equal(await asked, "beforeunload");
  assert.equal(await page.locator("#closing_text").inputValue(), "Typed and not saved yet");
  page.once("dialog", (dialog) => dialog.accept());
  await page.goto(editor);
});

const billies = await browser.newContext({ viewport: WIDE, timezoneId: "America/New_York", locale: "en-US" });
let billie;

await story("a client asks, the bot hands over; of two who claim one wins; answer, hand back; the bot goes on", async () => {
  await say("What are your opening hours?");
  await reads("8");
  // The settings that the functions believe are half a minute old at most.
  await jump("PT1M");
  billie = await signIn(billies, "billie.chen@sunrise-clinic.example");
  await say("Is the doctor in today?");
  await reads("Somebody will get back to you.");
  await billie.goto(`${base}/console/inbox`);
  await billie.locator("a.row").first().click();
  await billie.getByText("Why the bot stepped aside").waitFor();
  conversation = new URL(billie.url()).pathname;
  await page.goto(`${base}${conversation}`);
  const both = [page, billie];
  const names = ["Alex Moreno", "Billie Chen"];
  const met = await Promise.all(both.map((one) => mayRefuse(one, 409, async () => {
    await one.getByRole("button", { name: "Claim" }).click();
    await one.locator("#text, .notice.bad").first().waitFor();
  })));
  assert.equal(met[0] + met[1], 1, "exactly one is refused");
  const [winner, loser] = met[0] === 0 ? [page, billie] : [billie, page];
  const name = names[both.indexOf(winner)];
  await loser.getByText(`${name} has it already`).waitFor();
  assert.equal(await loser.getByLabel("Your answer").count(), 0, "the loser's composer is locked");
  assert.equal(new URL(loser.url()).pathname, conversation, "the loser's page has its own address");
  await winner.getByLabel("Your answer").fill("Hello. Doctor Lee is in until six.");
  await winner.getByRole("button", { name: "Send" }).click();
  await reads("Doctor Lee is in until six.");
  // The loser's page lives, and can be asked for again.
  await loser.getByText("Doctor Lee is in until six.").waitFor({ timeout: 12_000 });
  assert.equal((await loser.reload()).status(), 200);
  // The page shows what the client writes without being asked.
  await say("Wonderful, thank you!");
  await winner.getByText("Wonderful, thank you!").waitFor({ timeout: 12_000 });
  await winner.locator("summary", { hasText: "Hand back to the bot" }).click();
  await winner.getByLabel("Reason").first().fill("all said");
  await winner.getByRole("button", { name: "Hand back to the bot" }).click();
  await winner.getByText("The bot has the conversation again.").waitFor();
  assert.equal(await winner.getByLabel("Your answer").count(), 0, "the composer is locked");
  await jump("PT1M");
  const before = (await lines(CLIENT)).length;
  await say("Where can I park?");
  await until("the bot answers", async () => {
    const now = await lines(CLIENT);
    return now.length >= before + 2 && now.at(-1).who === "clinic";
  });
});

if (all) {
  await story("a page that lives leaves open what is open, and whoever types alone", async () => {
    await takeOver(page);
    const whys = page.locator("details.why");
    const count = await whys.count();
    assert.ok(count > 1);
    await whys.first().locator("summary").click();
    await page.locator("summary", { hasText: "Hand back to the bot" }).click();
    const reason = page.getByLabel("Reason").first();
    await reason.fill("half a thou");
    const log = await page.locator("#transcript").elementHandle();
    await say("Are you still there?");
    await page.getByText("Are you still there?").first().waitFor({ timeout: 12_000 });
    assert.ok(await log.evaluate((node) => node.isConnected), "the log is the same one, so that screen readers tell what is new");
    assert.deepEqual(await whys.evaluateAll((all) => all.filter((one) => one.open).length), 1, "what was closed stays closed");
    assert.equal(await reason.inputValue(), "half a thou");
    assert.ok(await reason.evaluate((field) => field === document.activeElement), "the focus stays");
    await reason.fill("");
  });

  await story("a draft outlives that somebody else takes over", async () => {
    const typed = "I was just about to";
    await page.getByLabel("Your answer").fill(typed);
    await takeOver(billie);
    await page.getByText("Who may answer has changed while you were writing").waitFor({ timeout: 12_000 });
    assert.equal(await page.getByLabel("Your text, not sent").inputValue(), typed);
    await page.getByRole("button", { name: "Assign it to me" }).click();
    await page.getByLabel("Your answer").waitFor();
    assert.equal(await page.getByLabel("Your answer").inputValue(), typed);
    await page.getByLabel("Your answer").fill("");
  });

  await story("a page that is not up to date says so, and that it is again", async () => {
    const apart = await tab(alex);
    await apart.goto(`${base}${conversation}`);
    await apart.route(`**${conversation}`, (route) => route.abort());
    await apart.getByText("This page is not up to date").waitFor({ timeout: 20_000 });
    await apart.unroute(`**${conversation}`);
    await apart.getByText("This page is not up to date").waitFor({ state: "detached", timeout: 20_000 });
    await apart.close();
  });

  await story("on a phone a conversation opens at the composer and comes back to it; the chosen tab is in sight", async () => {
    const phone = await browser.newContext({ viewport: PHONE, hasTouch: true, storageState: await alex.storageState() });
    const hand = await tab(phone);
    await hand.goto(`${base}${conversation}`);
    const inSight = async (place) => {
      const box = await place.boundingBox();
      return box && box.y >= 0 && box.y + box.height <= PHONE.height + 1 && box.x >= 0 && box.x + box.width <= PHONE.width + 1;
    };
    const composer = hand.locator("#composer");
    await until("the composer is in sight", () => inSight(composer));
    assert.ok(await inSight(hand.locator("#transcript .line").last()), "and so is what was said last");
    await hand.getByLabel("Your answer").fill("From my phone.");
    await hand.getByRole("button", { name: "Send" }).click();
    await hand.waitForURL(/done=reply/);
    await until("the composer is in sight again", () => inSight(composer));
    assert.ok(await inSight(hand.getByText("Sent.", { exact: true })), "what was done is said where one looks");
    await hand.goto(`${base}/console/inbox?view=bot`);
    assert.ok(await inSight(hand.locator(".tabs [aria-current]")));
    await phone.close();
  });

  await story("two tabs edit one bot: the second is told, keeps what was typed, and can save over it", async () => {
    const [one, other] = [await tab(alex), await tab(alex)];
    await one.goto(editor);
    await other.goto(editor);
    await one.locator("#closing_text").fill("From the first tab");
    await one.getByRole("button", { name: "Save" }).click();
    await one.getByText("Saved.", { exact: true }).waitFor();
    await other.locator("#closing_text").fill("From the second tab");
    await refuses(other, 412, async () => {
      await other.getByRole("button", { name: "Save" }).click();
      await other.getByText("Somebody else has changed this meanwhile").waitFor();
    });
    assert.equal(await other.locator("#closing_text").inputValue(), "From the second tab");
    await other.getByRole("button", { name: "Save mine over it" }).click();
    await other.getByText("Saved.", { exact: true }).waitFor();
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
    await refuses(extra, 422, async () => {
      await extra.locator(".add button").click();
      await extra.getByText("a bot has at most 6 scenarios, not 7").waitFor();
    });
    assert.equal(await extra.locator(".scenario").count(), 6);
    for (let count = 6; count > 3; count -= 1) {
      await extra.locator(".scenario a").last().click();
      await extra.getByText("Remove this scenario").click();
      await extra.getByRole("button", { name: "Remove", exact: true }).click();
      await extra.waitForURL(/done=removed/);
    }
    await extra.close();
  });

  await story("another account is not reached by any link, by its staff as little as by its admins", async () => {
    const seen = new Set([conversation]);
    for (const path of ["inbox?view=all", "inbox?view=bot", "tasks", "bots", "inboxes", "staff", "teams", new URL(editor).pathname.replace("/console/", "")]) {
      await page.goto(`${base}/console/${path}`);
      for (const href of await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((a) => a.pathname))) seen.add(href);
    }
    await page.goto(`${base}${conversation}`);
    seen.add(await page.locator("h1 a").getAttribute("href"));
    for (const action of await page.evaluate(() => [...document.forms].map((form) => form.getAttribute("action")))) seen.add(action);
    const own = [...seen].filter((path) => /^\/console\/(conversations|contacts|bots|inboxes|staff|teams)\/./.test(path) && !path.endsWith("/new"));
    assert.ok(own.length > 10, `only ${own.length} links`);
    for (const who of ["alex.moreno", "billie.chen"]) {
      const elsewhere = await browser.newContext();
      const stranger = await signIn(elsewhere, `${who}@moonlight-clinic.example`);
      const staff = who.startsWith("billie");
      for (const path of own.filter((path) => !staff || /conversations|contacts/.test(path))) {
        const answer = await stranger.request.get(`${base}${path}`);
        assert.equal(answer.status(), 404, `${who}: ${path}`);
      }
      if (staff) {
        // What is for admins says so before it says whether there is such a thing.
        const answer = await stranger.request.get(editor);
        assert.equal(answer.status(), 403);
      }
      await elsewhere.close();
    }
  });

  await story("without a script: another phrase, a claim, times in UTC, a way back", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await alex.storageState() });
    const bare = await tab(plain);
    await bare.goto(editor);
    const count = await bare.locator("input[name=phrase]").count();
    await bare.getByRole("button", { name: "Add example phrase" }).click();
    assert.equal(await bare.locator("input[name=phrase]").count(), count + 1);
    await bare.goto(`${base}/console/inbox?view=bot`);
    await jump("PT1M");
    await say("put me through", "+4915123456709");
    await reads("From the second tab", "+4915123456709");
    await bare.goto(`${base}/console/inbox`);
    assert.match(await bare.locator("time").first().innerText(), /UTC$/);
    await bare.locator("a.row", { hasText: "+4915123456709" }).click();
    await bare.getByRole("button", { name: "Claim" }).click();
    await bare.getByLabel("Your answer").waitFor();
    const path = new URL(bare.url()).pathname;
    assert.equal((await bare.goto(`${base}${path}/claim`)).status(), 200);
    assert.equal(new URL(bare.url()).pathname, path);
    await plain.close();
  });

  await looks({ alex, billies, page, editor, conversation, pictures });
}

await browser.close();
console.log(failures ? `${failures} failed` : "all passed");
process.exit(failures ? 1 : 0);
