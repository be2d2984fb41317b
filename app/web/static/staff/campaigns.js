// The campaign list: ticking all of a page or all that match, and what is asked before it is done. The form of a new
// campaign: a message that was looked at is taken away when what it was made of changes.
"use strict";

const bar = () => document.getElementById("batch");
const ticks = () => [...document.querySelectorAll("#batch input[name=campaign]")];

function tellTicked() {
  const form = bar();
  const every = document.querySelector("[data-tick-all]");
  if (!form || !every) return;
  const all = ticks();
  const count = all.filter((tick) => tick.checked).length;
  const isWhole = count > 0 && count === all.length;
  every.checked = isWhole;
  every.indeterminate = count > 0 && !isWhole;
  const offer = form.querySelector("[data-every]");
  if (!isWhole) form.elements.every.value = "";
  const isEvery = form.elements.every.value === "yes";
  const amount = isEvery ? Number(offer.dataset.every) : count;
  form.querySelector("[data-ticked]").textContent = amount ? `${amount.toLocaleString("en-US")} ticked` : "";
  if (offer) offer.hidden = !isWhole || isEvery;
  const tooMany = form.querySelector("[data-too-many]");
  if (tooMany) tooMany.hidden = !isWhole;
  askFirst(form, amount);
}

function askFirst(form, amount) {
  const chosen = form.elements.action.selectedOptions[0];
  const group = chosen?.closest("optgroup")?.label;
  const what = group === "Give to" ? `Give to ${chosen.textContent}` : chosen?.textContent;
  const many = `${amount.toLocaleString("en-US")} ${amount === 1 ? "campaign" : "campaigns"}`;
  if (amount) form.setAttribute("hx-confirm", `${what} (${many})?`);
  else form.removeAttribute("hx-confirm"); // the answer says that nothing is ticked
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-tick-all]")) ticks().forEach((tick) => { tick.checked = target.checked; });
  if (target.closest("#batch")) tellTicked();
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("[data-every]")) return;
  bar().elements.every.value = "yes";
  tellTicked();
  bar().elements.action.focus();
});

document.addEventListener("input", ({ target }) => {
  if (target.closest("#recovery") && target.name !== "find") document.getElementById("first-message")?.replaceChildren();
});

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.addEventListener("htmx:after:swap", tellTicked);
addEventListener("pageshow", tellTicked);
