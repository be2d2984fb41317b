// The handoff queue: one is open, keys work while nobody types, and a sound for who wants one.
"use strict";

const SOUND = "chairside-handoff-sound";
const NO_KEYS = "chairside-handoff-no-keys";
let opened = document.querySelector("#handoff [data-presence]")?.dataset.presence ?? "";
let waiting = Number(document.getElementById("queue").dataset.waiting);
const rows = () => [...document.querySelectorAll("#queue [data-open]")];

function mark() {
  for (const row of rows()) {
    if (row.dataset.open === opened) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

document.addEventListener("click", ({ target }) => {
  const row = target.closest?.("[data-open]");
  if (row) opened = row.dataset.open;
  mark();
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  mark();
  const count = Number(document.getElementById("queue").dataset.waiting);
  if (count > waiting) ring();
  waiting = count;
  if (!ctx.sourceElement?.matches?.("[data-open]")) return;
  history.replaceState(null, "", `/staff/handoffs?open=${opened}`);
  const title = document.getElementById("handoff-title");
  title?.focus({ preventScroll: true });
  if (matchMedia("(max-width: 63.99rem)").matches) document.getElementById("handoff").scrollIntoView();
});

// Keys

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog");
const press = (id) => document.getElementById(id)?.click();

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const from = at >= 0 ? at : all.findIndex((row) => row.dataset.open === opened);
  all[Math.min(all.length - 1, Math.max(0, from + step))].focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  c: () => press("claim"),
  r: () => document.getElementById("reply-text")?.focus(),
  "?": () => document.getElementById("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.id === "reply-text") event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || localStorage.getItem(NO_KEYS)) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.querySelector("[data-keys]").addEventListener("click", KEYS["?"]);

// Who speaks to the computer, or leans on the keyboard, can switch single letters off (WCAG 2.1.4).
const keysOn = document.querySelector("[data-keys-on]");
keysOn.checked = !localStorage.getItem(NO_KEYS);
keysOn.addEventListener("change", () => {
  if (keysOn.checked) localStorage.removeItem(NO_KEYS);
  else localStorage.setItem(NO_KEYS, "1");
});

// Sound: off until somebody wants it on this machine.

const button = document.querySelector("[data-sound]");
const wantsSound = () => localStorage.getItem(SOUND) === "on";

function show() {
  button.setAttribute("aria-pressed", String(wantsSound()));
  button.textContent = wantsSound() ? "Sound is on" : "Sound is off";
}

function ring() {
  if (!wantsSound()) return;
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.value = 660;
  loudness.gain.setValueAtTime(0.15, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
  tone.connect(loudness).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.6);
  tone.onended = () => audio.close();
}

button.addEventListener("click", () => {
  localStorage.setItem(SOUND, wantsSound() ? "off" : "on");
  show();
  ring();
});

show();
mark();
