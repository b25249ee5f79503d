// What pages do beyond what they do without a script: times in the reader's own zone, lists and
// conversations that stay up to date, another phrase without a round trip, and a try-it box in place.
"use strict";
(() => {
  const POLL_MS = 5000;
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  // UTC becomes the reader's own time; what is of today says the hour alone.
  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const today = at.toDateString() === new Date().toDateString();
      time.textContent = today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
      time.title = full.format(at);
    }
  }

  const last = new WeakMap();

  function busy(region) {
    const field = region.contains(document.activeElement) && document.activeElement;
    const typing = field && /^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName);
    return typing || [...region.querySelectorAll("textarea, input[name=text]")].some((f) => f.value !== f.defaultValue);
  }

  // Puts a page's regions into this one, where they differ and nobody is typing in them.
  function swap(page) {
    for (const fresh of page.querySelectorAll("[data-region][id]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      const state = fresh.dataset.state;
      if (state ? state === old.dataset.state : last.get(old) === fresh.innerHTML) continue;
      if (!state && busy(old)) continue;
      const html = fresh.innerHTML;
      const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 60;
      const open = new Set([...old.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
      const next = document.importNode(fresh, true);
      for (const summary of next.querySelectorAll("details > summary")) {
        if (open.has(summary.textContent)) summary.parentElement.open = true;
      }
      const top = old.scrollTop;
      old.replaceWith(next);
      last.set(next, html);
      localise(next);
      next.scrollTop = atEnd ? next.scrollHeight : top;
    }
  }

  function parsed(html) {
    return new DOMParser().parseFromString(html, "text/html");
  }

  // Asks every few seconds whether the page has changed; the server says 304 while it has not.
  let hash = document.body.dataset.live;
  async function poll() {
    if (document.hidden) return;
    try {
      const headers = { "if-none-match": `W/"${hash}"` };
      const answer = await fetch(location.href, { headers, cache: "no-store", credentials: "same-origin" });
      if (answer.redirected) return location.reload();
      if (answer.status !== 200) return;
      const page = parsed(await answer.text());
      hash = page.body.dataset.live;
      swap(page);
    } catch {
      // Offline: the next round may do better.
    }
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const id = form.dataset.swap;
    if (!id) {
      // Nobody sends a form twice by pressing twice.
      const buttons = [...form.querySelectorAll("button")];
      setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
      setTimeout(() => buttons.forEach((button) => { button.disabled = false; }), 4000);
      return;
    }
    event.preventDefault();
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      const page = parsed(await answer.text());
      const fresh = page.getElementById(id);
      const old = document.getElementById(id);
      if (!fresh || !old) return form.submit();
      const from = fresh.querySelector("[role=status]");
      const to = old.querySelector("[role=status]");
      if (from && to) to.replaceChildren(...from.childNodes);
      localise(old);
    } catch {
      form.submit();
    }
  });

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-phrase]");
    if (!add) return;
    event.preventDefault();
    const list = add.closest("fieldset").querySelector("[data-phrases]");
    const item = list.lastElementChild.cloneNode(true);
    const field = item.querySelector("input");
    field.value = "";
    field.setAttribute("value", "");
    const label = field.getAttribute("aria-label").replace(/\d+$/, String(list.children.length + 1));
    field.setAttribute("aria-label", label);
    list.append(item);
    field.focus();
  });

  // Fields that only some connectors have.
  function fit() {
    const connector = document.getElementById("connector");
    for (const part of document.querySelectorAll("[data-when]")) {
      part.hidden = connector !== null && !part.dataset.when.split(" ").includes(connector.value);
    }
  }

  document.addEventListener("change", (event) => {
    fit();
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-into]") && event.target.files[0]) {
      const into = document.getElementById(event.target.dataset.into);
      event.target.files[0].text().then((text) => { into.value = text; });
    }
  });

  document.addEventListener("keydown", (event) => {
    // Ctrl+Enter sends an answer.
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-keep] textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  localise(document);
  fit();
  for (const file of document.querySelectorAll("input[type=file][hidden]")) file.hidden = false;
  const wrong = document.querySelector("[data-focus]");
  if (wrong) wrong.focus();
  const transcript = document.getElementById("transcript");
  if (transcript && !location.search.includes("before")) transcript.scrollTop = transcript.scrollHeight;
  if (hash) setInterval(poll, POLL_MS);
})();
