// Plays the client: shows what they see, sends what they write, and lets time pass.
"use strict";
(() => {
  const list = document.getElementById("lines");
  const from = document.getElementById("from");
  const text = document.getElementById("text");
  const note = document.getElementById("note");
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const AWAY = "The system does not answer.";
  let shown = "";

  async function look() {
    try {
      const answer = await fetch(`/local/chat/lines?from=${encodeURIComponent(from.value)}`);
      if (!answer.ok) return;
      const { lines, clock: now } = await answer.json();
      if (note.textContent === AWAY) note.textContent = "";
      const at = document.getElementById("now");
      at.dateTime = now.domain;
      at.textContent = day.format(new Date(now.domain));
      const seen = JSON.stringify(lines);
      if (seen === shown) return;
      shown = seen;
      list.replaceChildren(...lines.map((line) => {
        const item = document.createElement("p");
        item.className = line.who;
        item.textContent = line.text;
        const time = document.createElement("time");
        time.dateTime = new Date(line.at).toISOString();
        time.textContent = clock.format(new Date(line.at));
        item.append(time);
        return item;
      }));
      list.scrollTop = list.scrollHeight;
    } catch {
      note.textContent = AWAY;
    }
  }

  async function post(path, body) {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    note.textContent = answer.ok ? "" : (await answer.json()).error;
    return answer.ok;
  }

  async function say(words) {
    if (await post("/local/chat/say", { from: from.value, text: words })) text.value = "";
    await look();
  }

  document.getElementById("say").addEventListener("submit", (event) => {
    event.preventDefault();
    say(text.value);
  });
  document.addEventListener("click", async (event) => {
    const { say: words, jump } = event.target.dataset;
    if (words) say(words);
    if (jump && await post("/local/clock", { advance: jump })) {
      note.textContent = "Time has passed.";
      look();
    }
  });
  from.addEventListener("change", look);
  look();
  setInterval(look, 1000);
})();
