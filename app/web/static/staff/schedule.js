// Moving a visit by dragging it: the calendar names the new time and asks before anything is written. The keyboard's way
// is the form in the visit's card. While something is dragged the calendar under it stays as it is.
"use strict";

const ROW_MINUTES = 5;
const QUARTER_ROWS = 3;
let dragged = null;

const two = (number) => String(number).padStart(2, "0");

function timeAt(column, clientY) {
  const box = column.getBoundingClientRect();
  const rows = Number(column.dataset.rows);
  const row = Math.min(Math.max(Math.round(((clientY - box.top - dragged.grip) / box.height) * rows / QUARTER_ROWS) * QUARTER_ROWS, 0), rows - 1);
  const minutes = Number(column.dataset.firstHour) * 60 + row * ROW_MINUTES;
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function columnOf(event) {
  return dragged && event.target.closest?.(".grid-rows");
}

function leaveTargets() {
  for (const column of document.querySelectorAll(".is-target")) column.classList.remove("is-target");
}

document.addEventListener("dragstart", (event) => {
  const visit = event.target.closest?.("[data-visit][draggable=true]");
  if (!visit) return;
  dragged = { id: visit.dataset.visit, name: visit.dataset.name, grip: event.clientY - visit.getBoundingClientRect().top };
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
  visit.classList.add("is-dragged");
});

document.addEventListener("dragover", (event) => {
  const column = columnOf(event);
  if (!column) return;
  event.preventDefault();
  leaveTargets();
  column.classList.add("is-target");
});

document.addEventListener("drop", (event) => {
  const column = columnOf(event);
  if (!column) return;
  event.preventDefault();
  const time = timeAt(column, event.clientY);
  const { id, name } = dragged;
  const day = column.dataset.day;
  if (!confirm(`Move ${name} to ${day} ${time}? The patient is told.`)) return;
  const values = { start: `${day}T${time}`, provider: column.dataset.provider };
  htmx.ajax("POST", `/staff/schedule/visits/${id}/move`, { source: document.getElementById("side"), target: "#side", swap: "innerHTML", values });
});

document.addEventListener("dragend", () => {
  dragged = null;
  leaveTargets();
  document.querySelector(".is-dragged")?.classList.remove("is-dragged");
});

document.addEventListener("htmx:before:request", (event) => {
  if (dragged && event.detail.ctx.sourceElement?.id === "days") event.preventDefault();
});

// A card that a person opened is read next: from the keyboard too, and on a phone, where it stands above the calendar.
// Escape goes back to the visit.

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "side") return;
  const first = document.querySelector("#side [tabindex='-1'], #side input:not([type=hidden])");
  first?.focus({ preventScroll: true });
  document.getElementById("side").scrollIntoView({ block: "nearest" });
});

document.addEventListener("keydown", (event) => {
  const card = event.key === "Escape" && event.target.closest?.("#side")?.querySelector("[data-visit-open]");
  if (card) document.getElementById(`visit-${card.dataset.visitOpen}`)?.focus();
});

document.addEventListener("click", ({ target }) => {
  const filler = target.closest?.("[data-fill]");
  if (filler) document.getElementById(filler.dataset.fill).value = filler.dataset.value;
});
