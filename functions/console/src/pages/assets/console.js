// What pages do beyond what they do without a script: times in the reader's own zone, lists and
// conversations that stay up to date under whoever reads or types in them, another phrase without a round
// trip, a try-it box in place, and a word before what was typed gets lost.
"use strict";
(() => {
  const POLL_MS = 5000;
  const MINUTE_MS = 60_000;
  // How long a button that was pressed stays as it is.
  const PRESSED_MS = 4000;
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  // A page that was drawn in answer to a form has an address of its own: it is what a reload asks for.
  const posted = location.pathname;
  const own = document.body.dataset.at;
  if (own) history.replaceState(null, "", own);
  const here = own || location.pathname + location.search;

  // UTC becomes the reader's own time; what is of today says the hour alone.
  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const today = at.toDateString() === new Date().toDateString();
      const told = today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
      if (time.textContent !== told) time.textContent = told;
      time.title = full.format(at);
    }
  }

  // Whether somebody has changed a control since it came from the server.
  function changed(control) {
    if (control.type === "hidden" || control.readOnly || control.disabled) return false;
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.tagName === "SELECT") {
      const options = [...control.options];
      const first = Math.max(0, options.findIndex((option) => option.defaultSelected));
      return control.selectedIndex !== first;
    }
    return control.value !== control.defaultValue;
  }

  const CONTROLS = "input, textarea, select";

  // Whether somebody is at work in a part of the page: types, chooses, or has begun to.
  function held(part) {
    const at = document.activeElement;
    if (at && at.matches(CONTROLS) && part.contains(at) && at.type !== "checkbox") return true;
    return [...part.querySelectorAll(CONTROLS)].some(changed);
  }

  const key = (node) => (node.nodeType === Node.ELEMENT_NODE && (node.id || node.dataset.key)) || "";
  // What stands in a part, but for what is new in every answer.
  const print = (node) => node.outerHTML.replace(/(name="once" value=")[^"]*/g, "$1");

  // Makes a part of the page what the server says it is, node by node, so that what is open stays open, the
  // focus stays where it is, and screen readers hear what is new and nothing else. A form in which somebody
  // is at work stays as it is. Says whether anything was left so.
  function patch(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return false;
    }
    if (print(old) === print(fresh)) return false;
    if (old.tagName === "FORM" && held(old)) return true;
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    let left = false;
    const wanted = new Set([...fresh.childNodes].map(key).filter(Boolean));
    const known = new Map();
    for (const child of [...old.childNodes]) {
      const name = key(child);
      if (!name) continue;
      if (wanted.has(name)) known.set(name, child);
      else if (held(child)) left = true;
      else child.remove();
    }
    let at = old.firstChild;
    for (const want of [...fresh.childNodes]) {
      const name = key(want);
      let have = name ? known.get(name) : at;
      // Without a name it is the next one of its kind that has none either.
      while (!name && have && (have.nodeName !== want.nodeName || key(have))) have = have.nextSibling;
      if (!have) {
        old.insertBefore(document.importNode(want, true), at);
        continue;
      }
      if (have !== at) old.insertBefore(have, at);
      left = patch(have, want) || left;
      at = have.nextSibling;
    }
    while (at) {
      const next = at.nextSibling;
      if (at.nodeType === Node.ELEMENT_NODE && held(at)) left = true;
      else at.remove();
      at = next;
    }
    return left;
  }

  const live = document.getElementById("live");

  // Tells something about this page, and to screen readers as well.
  function tell(words) {
    const now = live.textContent;
    if (now === words) return;
    live.replaceChildren();
    if (!words) return;
    const notice = document.createElement("p");
    notice.className = "notice warn";
    notice.textContent = words;
    live.append(notice);
  }

  // Where one answers. It changes only with who may answer; what was typed meanwhile is never lost: it goes
  // into the new field, or stands beside the lock.
  function compose(old, fresh) {
    if (old.dataset.state === fresh.dataset.state) return;
    const field = old.querySelector("textarea");
    const text = field && (field.readOnly || changed(field)) ? field.value : "";
    const focused = old.contains(document.activeElement);
    old.className = fresh.className;
    old.dataset.state = fresh.dataset.state;
    old.replaceChildren(...document.importNode(fresh, true).childNodes);
    const next = old.querySelector("textarea");
    if (text.trim() && next) {
      next.value = text;
    } else if (text.trim()) {
      keepDraft(old, text);
    }
    if (text.trim()) tell(live.dataset.kept);
    if (focused) (next || old.querySelector("button") || old).focus({ preventScroll: true });
  }

  // A draft beside the lock: whoever takes over from here takes it along.
  function keepDraft(composer, text) {
    const label = document.createElement("label");
    label.htmlFor = "draft";
    label.textContent = live.dataset.draft;
    const draft = document.createElement("textarea");
    Object.assign(draft, { id: "draft", readOnly: true, value: text, rows: 3 });
    const box = document.createElement("div");
    box.className = "draft";
    box.append(label, draft);
    composer.append(box);
    for (const form of composer.querySelectorAll("form")) {
      const along = document.createElement("input");
      Object.assign(along, { type: "hidden", name: "text", value: text });
      form.append(along);
    }
  }

  const transcript = document.getElementById("transcript");
  const end = document.getElementById("end");
  // On a phone the page scrolls, elsewhere the transcript in it.
  const scrolls = () => getComputedStyle(transcript).overflowY === "auto";

  function atEnd() {
    if (scrolls()) return transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 60;
    return end.getBoundingClientRect().top < innerHeight + 60;
  }

  function toEnd() {
    if (scrolls()) transcript.scrollTop = transcript.scrollHeight;
    else end.scrollIntoView({ block: "end" });
  }

  // Brings this page up to date with another answer. Says whether anything was left as it is.
  function update(page) {
    const at = document.activeElement;
    const follow = transcript && atEnd();
    let left = false;
    for (const fresh of page.querySelectorAll("[data-region][id]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      localise(fresh);
      if (fresh.dataset.state) compose(old, fresh);
      else left = patch(old, fresh) || left;
      if (at && old !== at && !at.isConnected && document.activeElement === document.body) {
        // What had the focus is gone: one goes on from where it was.
        old.tabIndex = -1;
        old.focus({ preventScroll: true });
      }
    }
    if (at && at.isConnected && document.activeElement === document.body) at.focus({ preventScroll: true });
    if (follow) toEnd();
    return left;
  }

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  // Asks every few seconds whether the page has changed; the server says 304 while it has not. What has
  // not been taken over because somebody is at work there is asked for again.
  let hash = document.body.dataset.live;
  let failed = 0;
  let asking = false;
  async function poll() {
    if (document.hidden || asking) return;
    asking = true;
    try {
      const headers = { "if-none-match": `W/"${hash}"` };
      const answer = await fetch(here, { headers, cache: "no-store", credentials: "same-origin" });
      if (answer.status === 404) return go();
      if (answer.redirected) {
        // Signed out, or it is elsewhere now.
        if (!unsaved(null)) return go();
        return tell(live.dataset.out);
      }
      if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
      if (failed > 1) tell("");
      failed = 0;
      if (answer.status === 304) return;
      const page = parsed(await answer.text());
      const next = page.body.dataset.live;
      if (!update(page)) hash = next;
    } catch {
      failed += 1;
      if (failed > 1) tell(live.dataset.stale);
    } finally {
      asking = false;
    }
  }

  // Forms whose loss would hurt.
  const GUARDED = "form.card, form[data-keep], form[data-guard]";
  // The form that was just sent: it may go.
  let sent = null;

  function unsaved(except) {
    if (document.getElementById("draft") && !sent) return true;
    return [...document.querySelectorAll(GUARDED)].some((form) =>
      form !== except && (form.dataset.unsaved !== undefined || [...form.querySelectorAll(CONTROLS)].some(changed)));
  }

  let leaving = false;
  function go() {
    leaving = true;
    location.replace(here);
  }

  addEventListener("beforeunload", (event) => {
    if (!leaving && unsaved(sent)) event.preventDefault();
  });

  async function tryOut(form, id) {
    const old = document.getElementById(id);
    const to = old.querySelector("[role=status]");
    try {
      const body = new URLSearchParams(new FormData(form));
      // A field may have the name of a property, so the address is asked for as an attribute.
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, credentials: "same-origin" });
      const from = parsed(await answer.text()).querySelector(`#${id} [role=status]`);
      if (!from) throw new Error(String(answer.status));
      to.replaceChildren(...from.childNodes);
      localise(old);
    } catch {
      HTMLFormElement.prototype.submit.call(form);
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.swap) {
      event.preventDefault();
      tryOut(form, form.dataset.swap);
      return;
    }
    // Nobody sends a form twice by pressing twice.
    sent = form;
    const buttons = [...form.querySelectorAll("button:not(:disabled)")];
    setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
    setTimeout(() => {
      buttons.forEach((button) => { button.disabled = false; });
      sent = null;
    }, PRESSED_MS);
  });

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-phrase]");
    if (!add) return;
    event.preventDefault();
    const list = add.closest("fieldset").querySelector("[data-phrases]");
    const item = list.lastElementChild.cloneNode(true);
    const field = item.querySelector("input");
    const number = Number(field.id.replace(/\D/g, "")) + 1;
    field.value = "";
    field.setAttribute("value", "");
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", "phrases-hint phrases-note");
    for (const error of item.querySelectorAll(".error")) error.remove();
    field.id = `phrase-${number}`;
    field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, String(number)));
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
  // What was said as of today is of yesterday after midnight.
  setInterval(() => localise(document), MINUTE_MS);
  fit();
  for (const file of document.querySelectorAll("input[type=file][hidden]")) file.hidden = false;
  for (const tabs of document.querySelectorAll(".tabs")) {
    const chosen = tabs.querySelector("[aria-current]");
    if (chosen) tabs.scrollLeft = chosen.offsetLeft - (tabs.clientWidth - chosen.clientWidth) / 2;
  }
  // What was typed into a form that was refused is stored nowhere yet.
  if (own) {
    for (const form of document.querySelectorAll(GUARDED)) {
      if (form.getAttribute("action") === posted) form.dataset.unsaved = "";
    }
  }
  if (transcript && !/[?&](before|open)=/.test(here)) toEnd();
  const wrong = document.querySelector("[data-focus]");
  if (wrong) wrong.focus({ preventScroll: transcript !== null });
  if (hash) setInterval(poll, POLL_MS);
})();
