// Choosing a file shows its columns: only its beginning travels for that, the whole file when it is to be checked.
"use strict";

const HEAD_BYTES = 65_536;

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!ctx.request.action.startsWith("/staff/imports/columns")) return;
  const file = document.getElementById("file").files[0];
  const body = ctx.request.body;
  if (!file || !(body instanceof FormData)) return;
  body.delete("file");
  body.append("file", file.slice(0, HEAD_BYTES), file.name);
});

document.addEventListener("change", ({ target }) => {
  if (target.id === "file" && !target.files.length) document.getElementById("columns").textContent = "";
});
