// Keeps the sandbox fresh: every two seconds it fetches the lists, takes over the inboxes and adds new messages.
// What somebody is typing is never touched, because the forms are outside of the lists.
"use strict";

const EVERY_MS = 2000;
const mailroom = document.getElementById("mailroom");

function addNewMessages(fetched) {
  const thread = document.getElementById("thread");
  if (!thread) return;
  const fresh = [...fetched.querySelectorAll("#thread > li")].filter((item) => !document.getElementById(item.id));
  thread.append(...fresh);
}

function takeOverInboxes(fetched) {
  const shown = document.getElementById("inboxes");
  const next = fetched.getElementById("inboxes");
  if (!next || shown.innerHTML === next.innerHTML) return;
  const focused = shown.contains(document.activeElement) && document.activeElement.getAttribute("href");
  shown.replaceWith(next);
  if (focused) [...next.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

function say(text) {
  const state = document.getElementById("refresh-state");
  if (state && state.textContent !== text) state.textContent = text;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(mailroom.dataset.updates);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fetched = new DOMParser().parseFromString(await answer.text(), "text/html");
    takeOverInboxes(fetched);
    addNewMessages(fetched);
    say("");
  } catch {
    say("The server does not answer. Trying again.");
  }
}

async function goOn() {
  await refresh();
  setTimeout(goOn, EVERY_MS);
}

mailroom.classList.add("is-live");
setTimeout(goOn, EVERY_MS);
