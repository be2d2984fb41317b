// An open conversation: it says who looks at it, follows its own events only, keeps what was opened and typed.
"use strict";

const BEAT_EVERY_MS = 15_000;
const ASK_EVERY_MS = 3_000;
const NEAR_THE_END_PX = 80;

// Events name their conversation: a part of another one does not ask for itself anew.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const mine = ctx.sourceElement.dataset?.campaign;
  const told = ctx.sourceEvent?.detail?.campaign_id;
  if (mine && told && mine !== told) event.preventDefault();
});

// A part that is read anew keeps the details that somebody opened in it.
const unfolded = new Set();

document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details[id]")) return;
  if (target.open) unfolded.add(target.id);
  else unfolded.delete(target.id);
}, true);

function unfold() {
  for (const id of unfolded) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
}

// What has not left yet is asked for until it has.
setInterval(() => {
  if (!document.hidden && document.querySelector("[data-pending]")) document.body.dispatchEvent(new CustomEvent("live-pending"));
}, ASK_EVERY_MS);

// Presence

let looksAt = "";

function say(path) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  fetch(`/staff/presence/${path}`, { method: "POST", headers: { ...headers, "X-By-Itself": "1" }, keepalive: true }).catch(() => {});
}

function beat() {
  const now = document.querySelector("[data-presence]")?.dataset.presence ?? "";
  if (looksAt && looksAt !== now) say(`${looksAt}/leave`);
  looksAt = now;
  if (now && !document.hidden) say(now);
}

setInterval(beat, BEAT_EVERY_MS);
addEventListener("pagehide", () => looksAt && say(`${looksAt}/leave`));
document.addEventListener("visibilitychange", () => document.hidden || beat());

// The thread stays at its end while somebody reads there, and says so when they do not.

let wasAtEnd = true;
let held = null;
const thread = () => document.getElementById("thread");
const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_THE_END_PX;
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };
const newest = () => document.querySelector("#newest .bubble:last-of-type")?.id;
let lastSeen = "";
let settledFor = "";

function settle() {
  const said = document.getElementById("said");
  if (said && settledFor !== said.dataset.campaign) toEnd(said);
  settledFor = said?.dataset.campaign ?? "";
  const box = thread();
  if (!box) return;
  if (held) return holdStill(box);
  const button = document.querySelector("[data-to-newest]");
  const isNews = newest() !== lastSeen;
  if (wasAtEnd) toEnd(box);
  if (button) button.hidden = wasAtEnd || !isNews;
  if (wasAtEnd) lastSeen = newest();
}

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const box = thread();
  if (!box) return;
  wasAtEnd = isAtEnd(box);
  // Earlier messages are put above what somebody reads: it stays where it is on the screen.
  const first = ctx.sourceElement?.id === "earlier-button" && box.querySelector(".bubbles > li");
  held = first ? { first, top: first.getBoundingClientRect().top } : null;
});

function holdStill(box) {
  box.scrollTop += held.first.getBoundingClientRect().top - held.top;
  held = null;
  (document.getElementById("earlier-button") ?? box).focus({ preventScroll: true });
}

// Refused because something came meanwhile: what came is read at once.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.response?.status === 409) document.body.dispatchEvent(new CustomEvent("live-own"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target.id !== "reply-text") return;
  event.preventDefault();
  event.target.form.querySelector("[type=submit]").click();
});

// Unsent answers, by conversation: going to another handoff and back loses nothing.

const drafts = new Map();

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.("[data-reply]");
  if (!form || target.name !== "text") return;
  drafts.set(form.dataset.reply, target.value);
  count(target);
});

function count(field) {
  const longest = Number(field.dataset.longest);
  if (!longest) return;
  const line = document.getElementById("reply-size");
  const isTooLong = field.value.trim().length > longest;
  line.textContent = isTooLong ? `${field.value.trim().length} of ${longest} characters: too long.` : "\u00a0";
  line.classList.toggle("is-too-long", isTooLong);
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-templates]") || !target.value) return;
  const field = target.form.elements.text;
  field.value = field.value.trim() ? `${field.value.trimEnd()}\n\n${target.value}` : target.value;
  target.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});

function restore() {
  const form = document.querySelector("[data-reply]");
  const field = form?.elements.text;
  if (!field || !drafts.has(form.dataset.reply) || field.dataset.isRestored) return;
  field.dataset.isRestored = "1";
  field.value = drafts.get(form.dataset.reply);
}

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement?.closest?.("[data-reply]");
  if (form && ctx.sourceElement === form && ctx.response?.status < 300) drafts.delete(form.dataset.reply);
});

document.addEventListener("htmx:after:swap", () => {
  unfold();
  restore();
  settle();
  const now = document.querySelector("[data-presence]")?.dataset.presence ?? "";
  if (now !== looksAt) beat();
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("[data-to-newest]")) return;
  toEnd(thread());
  wasAtEnd = true;
  settle();
});

beat();
settle();
