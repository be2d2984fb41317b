// The calendar without a page load: turning a month or choosing a day exchanges only the calendar, arrow keys walk its
// days, and the focus stays where the visitor is. Without this script every one of these is an ordinary link.
"use strict";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const calendar = () => document.getElementById("when");
let newest = 0;

function daysOf(table) {
  return [...table.querySelectorAll("td")].map((cell) => cell.querySelector("a"));
}

// The free day that lies `step` days away, or the next free one in that direction.
function neighbour(days, from, step) {
  for (let at = from + step; at >= 0 && at < days.length; at += Math.sign(step)) {
    if (days[at]) return days[at];
  }
  return null;
}

function target(event, days) {
  const free = days.filter(Boolean);
  if (event.key === "Home") return free[0];
  if (event.key === "End") return free.at(-1);
  return STEPS[event.key] ? neighbour(days, days.indexOf(event.target), STEPS[event.key]) : null;
}

// Of two that are under way only the newest counts: the answer to an earlier one may come later.
async function exchange(address, whereToFocus) {
  const turn = ++newest;
  calendar().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (turn !== newest) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = answer.ok && page.getElementById("when");
    if (!fresh) throw new Error("another page");
    calendar().replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    for (const [at, link] of document.querySelectorAll(".languages a").entries()) {
      link.href = page.querySelectorAll(".languages a")[at].getAttribute("href");
    }
    whereToFocus();
  } catch {
    if (turn === newest) location.assign(address);
  }
}

// The arrow that turned the month turns it again; at the end of the months its title takes the focus.
function focusOnMonth(turn) {
  const arrow = turn && calendar().querySelector(`[data-turn=${turn}]`);
  const title = document.getElementById("month");
  title.tabIndex = -1;
  (arrow || title).focus();
}

function focusOnTimes() {
  const title = document.getElementById("times-title");
  title.focus({ preventScroll: true });
  document.getElementById("times").scrollIntoView({ block: "nearest" });
}

function follow(link) {
  const turn = link.dataset.turn;
  history.pushState(null, "", link.href);
  exchange(link.href, turn ? () => focusOnMonth(turn) : focusOnTimes);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#when [data-turn], #when .calendar a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  follow(link);
});

document.addEventListener("keydown", (event) => {
  const table = event.target.closest("#when .calendar");
  if (!table || event.metaKey || event.ctrlKey || event.altKey) return;
  const turn = { PageUp: "back", PageDown: "on" }[event.key];
  const link = turn && calendar().querySelector(`[data-turn=${turn}]`);
  const day = target(event, daysOf(table));
  if (!link && !day) return;
  event.preventDefault();
  if (link) follow(link);
  else day.focus();
});

if (calendar()) addEventListener("popstate", () => exchange(location.href, () => {}));
