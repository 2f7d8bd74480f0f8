// One message, as the channel or a thread shows it.

import { messageBody } from "./blocks.js";
import { el } from "./dom.js";

export function avatar(person) {
  if (person.name === "vpn-bot") {
    return el("img", { class: "avatar", src: "icon.svg", alt: "", width: 36, height: 36 });
  }
  return el("span", { class: `avatar ${person.name}`, "aria-hidden": "true" }, person.realName[0]);
}

function byline(author, when) {
  return el(
    "p",
    { class: "by" },
    el("strong", {}, author.realName),
    author.isBot ? el("span", { class: "badge" }, "APP") : null,
    el(
      "time",
      { datetime: when.toISOString() },
      when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
    ),
  );
}

function repliesButton(message, world) {
  if (!message.replies) return null;
  const label = message.replies === 1 ? "1 reply" : `${message.replies} replies`;
  return el("button", { type: "button", class: "replies", onclick: () => world.openThread(message) }, label);
}

// `world` knows names and authors, takes presses, and opens threads.
export function drawMessage(message, world) {
  const author = world.author(message.author);
  const own = { names: world.names, press: (button) => world.press(message, button) };
  return el(
    "li",
    { class: message.reader ? "message private" : "message", "data-ts": message.ts },
    avatar(author),
    el(
      "article",
      { "aria-label": `${author.realName}: ${message.text.slice(0, 80)}` },
      message.reader ? el("p", { class: "only-you" }, "Only visible to you") : null,
      byline(author, new Date(Number(message.ts) * 1000)),
      el("div", { class: "body" }, messageBody(message, own)),
      repliesButton(message, world),
    ),
  );
}
