// Block Kit, turned into elements. `world` knows names (person, channel, group) and takes presses.

import { el } from "./dom.js";
import { date, link, mention, mrkdwn } from "./mrkdwn.js";

const textOf = (object, world) => (object.type === "mrkdwn" ? mrkdwn(object.text, world.names) : [object.text]);

const STYLES = Object.entries({ code: "code", bold: "strong", italic: "em", strike: "s", underline: "u" });

function styled(node, style = {}) {
  let shown = node;
  for (const [name, tag] of STYLES) {
    if (style[name]) shown = el(tag, {}, shown);
  }
  return shown;
}

const RICH = {
  text: (part) => document.createTextNode(part.text),
  link: (part) => link(part.url, part.text),
  emoji: (part) => document.createTextNode(`:${part.name}:`),
  user: (part, world) => mention(`@${world.names.person(part.user_id) ?? part.user_id}`),
  usergroup: (part, world) => mention(`@${world.names.group(part.usergroup_id) ?? part.usergroup_id}`),
  channel: (part, world) => mention(`#${world.names.channel(part.channel_id) ?? part.channel_id}`),
  broadcast: (part) => mention(`@${part.range}`),
  date: (part) => date(part.timestamp, part.format, part.fallback),
};

function richParts(parts, world) {
  return parts.map((part) => styled(RICH[part.type]?.(part, world) ?? unknown(part), part.style));
}

const RICH_BLOCKS = {
  rich_text_section: (block, world) => el("p", {}, richParts(block.elements, world)),
  rich_text_preformatted: (block, world) => el("pre", {}, richParts(block.elements, world)),
  rich_text_quote: (block, world) => el("blockquote", {}, richParts(block.elements, world)),
  rich_text_list: (block, world) =>
    el(
      block.style === "ordered" ? "ol" : "ul",
      {},
      block.elements.map((item) => el("li", {}, richParts(item.elements, world))),
    ),
};

function richText(block, world) {
  return block.elements.map((part) => RICH_BLOCKS[part.type]?.(part, world) ?? unknown(part));
}

function button(shown, world) {
  const label = shown.text.text;
  return el(
    "button",
    {
      type: "button",
      class: shown.style ?? "",
      "aria-label": shown.accessibility_label,
      onclick: () => world.press(shown),
    },
    label,
  );
}

function image(shown) {
  return el("p", { class: "hint" }, `Image: ${shown.alt_text}`);
}

function accessory(shown, world) {
  if (!shown) return null;
  return shown.type === "button" ? button(shown, world) : image(shown);
}

function cell(shown, world, tag) {
  const inside = shown.type === "rich_text" ? richText(shown, world) : shown.text;
  return el(tag, tag === "th" ? { scope: "col" } : {}, inside);
}

const BLOCKS = {
  header: (block) => el("h3", {}, block.text.text),
  divider: () => el("hr"),
  image,
  section: (block, world) =>
    el(
      "div",
      { class: "section" },
      el(
        "div",
        {},
        block.text ? el("p", {}, textOf(block.text, world)) : null,
        block.fields
          ? el("div", { class: "fields" }, block.fields.map((field) => el("p", {}, textOf(field, world))))
          : null,
      ),
      accessory(block.accessory, world),
    ),
  context: (block, world) =>
    el(
      "p",
      { class: "context" },
      block.elements.map((part) => (part.type === "image" ? image(part) : el("span", {}, textOf(part, world)))),
    ),
  actions: (block, world) =>
    el("div", { class: "actions" }, block.elements.map((shown) => button(shown, world))),
  rich_text: (block, world) => el("div", { class: "rich" }, richText(block, world)),
  markdown: (block) => el("p", { class: "as-written" }, block.text),
  alert: (block, world) => el("p", { class: `alert ${block.level ?? ""}` }, textOf(block.text, world)),
  table: (block, world) =>
    el(
      "div",
      { class: "scrolls" },
      el(
        "table",
        {},
        block.rows.map((row, index) => el("tr", {}, row.map((one) => cell(one, world, index ? "td" : "th")))),
      ),
    ),
};

function unknown(block) {
  return el("p", { class: "hint" }, `(This page can’t draw “${block.type}”; the wire shows it.)`);
}

export function blocks(shown, world) {
  return shown.map((block) => BLOCKS[block.type]?.(block, world) ?? unknown(block));
}

// What a message shows: its blocks, or its text where it has none.
export function messageBody(message, world) {
  if (message.blocks.length) return blocks(message.blocks, world);
  return [el("p", {}, mrkdwn(message.text, world.names))];
}
