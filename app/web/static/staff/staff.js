// The dashboard's own behaviour: it follows what happens (server-sent events, or a look every 15 s while there are
// none), asks to sign in again without losing what was typed, and shows short notices. Pages bring the rest with htmx.
"use strict";

const LOOK_EVERY_MS = 15_000;
const KINDS = ["handoff", "reply", "booking", "inbox", "channel", "mailbox", "campaign", "message", "note", "presence", "resync"];
const tell = (name, detail) => document.body.dispatchEvent(new CustomEvent(name, { detail }));
const TOGETHER_MS = 1_000;
const spread = (ms) => ms * (1 + Math.random() / 3); // fifty screens that lost one server do not come back as one

// Live: `hx-trigger="live-reply from:body, live-tick from:body"` is all that a list needs.

// A morning's messages are hundreds of events: of one kind the first is told at once, those of the next second together.
const gathered = new Map();

function hear(name, detail) {
  if (gathered.has(name)) return void gathered.get(name).push(detail);
  tell(name, detail);
  gathered.set(name, []);
  setTimeout(() => {
    const rest = gathered.get(name);
    gathered.delete(name);
    const isOneConversation = rest.every(({ campaign_id }) => campaign_id === rest[0].campaign_id);
    if (rest.length) hear(name, isOneConversation ? rest.at(-1) : {});
  }, TOGETHER_MS);
}

let looking = 0;

function lookNowAndThen(isOn) {
  clearInterval(looking);
  looking = isOn ? setInterval(() => document.hidden || tell("live-tick"), spread(LOOK_EVERY_MS)) : 0;
  document.getElementById("live-state").textContent = isOn ? "Reconnecting. The lists are read every 15 seconds." : "";
}

let source = null;
let isLost = false;
let again = 0;

function found() {
  lookNowAndThen(false);
  if (isLost) tell("live-tick");
  isLost = false;
}

function lost() {
  if (!isLost) lookNowAndThen(true);
  isLost = true;
  if (source.readyState === EventSource.CLOSED) again = setTimeout(listen, spread(LOOK_EVERY_MS));
}

function listen() {
  clearTimeout(again);
  source?.close();
  source = new EventSource("/staff/live");
  source.addEventListener("ready", found);
  source.addEventListener("error", lost);
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => hear(kind === "resync" ? "live-tick" : `live-${kind}`, JSON.parse(event.data || "{}")));
  }
}

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted || !source) return;
  isLost = true;
  listen();
});

// A request that no person asked for keeps nobody signed in.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (/^(load$|live-)/.test(ctx.sourceEvent?.type)) ctx.request.headers["X-By-Itself"] = "1";
});

// Signed out meanwhile: the page stays, a dialog asks, and the form that was refused is sent again.

let refused = null;

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.response.status !== 401) return;
  const isOwnWish = !ctx.sourceEvent?.type?.startsWith("live-");
  if (isOwnWish && (!refused || ctx.sourceElement?.matches("form"))) refused = ctx; // a preview never takes a form's place
  const dialog = document.getElementById("sign-in-again");
  if (!dialog.open) dialog.showModal();
});

function tryAgain() {
  const { sourceElement, sourceEvent } = refused ?? {};
  refused = null;
  if (!sourceElement?.isConnected) return tell("live-tick");
  if (sourceElement.matches("form")) sourceElement.requestSubmit(sourceEvent?.submitter ?? null);
  else htmx.trigger(sourceElement, sourceEvent?.type ?? "click");
}

async function signInAgain(form) {
  const problem = form.querySelector("[role=alert]");
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Dialog": "1" } });
  if (!answer.ok) {
    problem.textContent = answer.status < 500 ? await answer.text() : "That did not work. Try again in a moment.";
    problem.hidden = false;
    return;
  }
  const isAnother = form.elements.email.value.trim().toLowerCase() !== form.elements.email.defaultValue.toLowerCase();
  if (isAnother) return location.reload();
  form.reset();
  problem.hidden = true;
  form.closest("dialog").close();
  if (isLost) listen();
  tryAgain();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("#sign-in-again form")) return;
  event.preventDefault();
  signInAgain(event.target);
});

document.addEventListener("click", ({ target }) => {
  target.closest?.("[data-dismiss]")?.closest(".notice")?.remove();
  const menu = document.querySelector(".me[open]");
  if (menu && !menu.contains(target)) menu.open = false;
});

document.addEventListener("htmx:error", () => {
  const notices = document.getElementById("notices");
  notices.textContent = "";
  const notice = document.createElement("p");
  notice.className = "notice is-bad";
  notice.setAttribute("role", "alert");
  notice.textContent = "The server did not answer. What you typed is still here: try again in a moment.";
  notices.append(notice);
});

// On a phone the navigation and the tabs are wider than the screen: where one is stands in view.

function showWhereOneIs() {
  for (const here of document.querySelectorAll("nav [aria-current]")) {
    const bar = here.closest("nav");
    bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
  }
}

showWhereOneIs();
document.addEventListener("htmx:after:swap", showWhereOneIs, { once: true }); // the count beside Handoffs has made it wider

if (document.getElementById("live-state")) listen();
