// Slack's mrkdwn, turned into elements. Every string is foreign: it only ever becomes text nodes, and links
// only lead to http, https and mailto.

import { el } from "./dom.js";

const MARK =
  /<([^<>\n]+)>|`([^`\n]+)`|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<!\w)_([^_\n]+)_(?!\w)|(?<!\w)~([^~\n]+)~(?!\w)/;
const FENCE = /```([\s\S]*?)```/;

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function mention(text) {
  return el("span", { class: "mention" }, text);
}

export function link(url, label) {
  if (!/^(https?|mailto):/i.test(url)) return document.createTextNode(label || url);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label || url);
}

const PARTS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  date: { year: "numeric", month: "long", day: "numeric" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  time: { hour: "2-digit", minute: "2-digit" },
};

// A date in the reader's own time zone, as Slack's formats ask for.
export function date(epochSeconds, format, fallback) {
  const moment = new Date(epochSeconds * 1000);
  if (Number.isNaN(moment.getTime())) return document.createTextNode(fallback ?? "");
  const text = format.replaceAll(/\{(\w+?)(?:_pretty)?\}/g, (whole, name) =>
    PARTS[name] ? new Intl.DateTimeFormat([], PARTS[name]).format(moment) : whole,
  );
  return el("time", { datetime: moment.toISOString(), title: moment.toLocaleString() }, text);
}

function angled(inside, names) {
  const [target, label] = inside.split("|", 2).map((part) => part && unescape(part));
  if (target.startsWith("@")) return mention(`@${names.person(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${names.channel(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return date(Number(seconds), format, label);
  }
  if (target.startsWith("!subteam^")) return mention(`@${names.group(target.slice(9)) ?? label}`);
  if (target.startsWith("!")) return mention(`@${label ?? target.slice(1)}`);
  return link(target, label);
}

function inline(text, names) {
  const parts = [];
  let rest = text;
  for (let found = MARK.exec(rest); found; found = MARK.exec(rest)) {
    const [whole, inside, code, bold, italic, struck] = found;
    parts.push(unescape(rest.slice(0, found.index)));
    if (inside !== undefined) parts.push(angled(inside, names));
    else if (code !== undefined) parts.push(el("code", {}, unescape(code)));
    else if (bold !== undefined) parts.push(el("strong", {}, inline(bold, names)));
    else if (italic !== undefined) parts.push(el("em", {}, inline(italic, names)));
    else parts.push(el("s", {}, inline(struck, names)));
    rest = rest.slice(found.index + whole.length);
  }
  return [...parts, unescape(rest)];
}

function lines(text, names) {
  const parts = [];
  let quoted = null;
  for (const line of text.split("\n")) {
    const isQuote = /^(>|&gt;)/.test(line);
    const drawn = inline(isQuote ? line.replace(/^(>|&gt;) ?/, "") : line, names);
    if (isQuote) {
      if (quoted) quoted.append(el("br"), ...drawn);
      else parts.push((quoted = el("blockquote", {}, drawn)));
    } else {
      if (parts.length && !quoted) parts.push(el("br"));
      quoted = null;
      parts.push(...drawn);
    }
  }
  return parts;
}

export function mrkdwn(text, names) {
  const fence = FENCE.exec(text);
  if (!fence) return lines(text, names);
  return [
    ...lines(text.slice(0, fence.index).replace(/\n$/, ""), names),
    el("pre", {}, unescape(fence[1])),
    ...mrkdwn(text.slice(fence.index + fence[0].length).replace(/^\n/, ""), names),
  ];
}
