// Draws each chart from the table below it, in the page's own colours; without this script the tables say it all.
"use strict";

const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

function figuresOf(table) {
  const [first, ...series] = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const isNumber = (column) => rows.every((row) => row[column] !== "" && !Number.isNaN(Number(row[column])));
  return {
    labels: rows.map((row) => row[0]),
    datasets: series.map((label, at) => ({ label, data: rows.map((row) => Number(row[at + 1])), isShown: isNumber(at + 1) })).filter((each) => each.isShown),
    first,
  };
}

function settings(kind, figures) {
  const axis = { grid: { color: colour("--line") }, ticks: { color: colour("--muted"), precision: 0 }, border: { display: false } };
  return {
    type: "bar",
    data: {
      labels: figures.labels,
      datasets: figures.datasets.map((each, at) => ({ label: each.label, data: each.data, backgroundColor: colour(at ? "--field-line" : "--fill"), borderRadius: 4, maxBarThickness: 36 })),
    },
    options: {
      indexAxis: kind === "bar" ? "y" : "x",
      maintainAspectRatio: false,
      animation: false,
      plugins: { legend: { display: figures.datasets.length > 1, labels: { color: colour("--text") } } },
      scales: { x: { ...axis, beginAtZero: true }, y: { ...axis, beginAtZero: true } },
    },
  };
}

const drawn = [];

function draw() {
  for (const chart of drawn.splice(0)) chart.destroy();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const place of document.querySelectorAll("[data-chart]")) {
    const figures = figuresOf(document.getElementById(place.dataset.table));
    drawn.push(new Chart(place.querySelector("canvas"), settings(place.dataset.chart, figures)));
  }
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
