// What went over the wire, newest first: each exchange with Slack, each signed request to the cloud.

import { el, unseen } from "./dom.js";

const KEPT = 300;
const list = document.getElementById("entries");
let run = null;
let shown = "all";

// A rehearsal that was started anew counts from one again.
export function startRun(id) {
  if (run !== null && run !== id) list.replaceChildren();
  run = id;
}

// JSON that travels as a string inside JSON is shown as what it is.
function unfolded(value) {
  if (typeof value === "string" && /^[[{]/.test(value)) {
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }
  if (Array.isArray(value)) return value.map(unfolded);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unfolded(inner)]));
  }
  return value;
}

function way(entry) {
  if (entry.with === "cloud") return "bot → cloud";
  return entry.direction === "in" ? "Slack → bot" : "bot → Slack";
}

function parts(entry) {
  return Object.entries(entry.parts).map(([name, value]) =>
    el("div", {}, el("h4", {}, name), el("pre", {}, JSON.stringify(unfolded(value), null, 2) ?? "nothing")),
  );
}

function draw(entry) {
  const fine = /^(ok|acked|2\d\d)$/.test(entry.answered);
  const details = el(
    "details",
    {},
    el(
      "summary",
      {},
      el("span", { class: `way to-${entry.with}` }, way(entry)),
      el("span", { class: "what" }, entry.title),
      el("span", { class: fine ? "fine" : "not-fine" }, unseen("answered "), entry.answered),
      el("span", { class: "ms" }, `${entry.ms.toFixed(entry.ms < 10 ? 1 : 0)} ms`),
    ),
  );
  // Long JSON is drawn when somebody wants to read it.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(...parts(entry));
  });
  return el("li", { "data-with": entry.with }, details);
}

function filter(item) {
  item.hidden = shown !== "all" && item.dataset.with !== shown;
}

export function addEntry(entry) {
  const item = draw(entry);
  filter(item);
  list.prepend(item);
  if (list.children.length > KEPT) list.lastElementChild.remove();
}

document.getElementById("wire-filter").addEventListener("change", (event) => {
  shown = event.target.value;
  for (const item of list.children) filter(item);
});
