// The page as a whole: takes the rehearsal's events, shows the workspace as one person sees it, sends what
// that person does.

import { offerMishaps, showCloud } from "./cloud.js";
import { confirmed, showView } from "./dialogs.js";
import { el, post, sync } from "./dom.js";
import { addEntry, startRun } from "./inspector.js";
import { avatar, drawMessage } from "./messages.js";
import { mrkdwn } from "./mrkdwn.js";

const at = (id) => document.getElementById(id);
const KINDS = { public: "", private: "private", im: "direct" };
const FIRST_CHANNEL = "network-ops";
let cast = null;
let scene = null;
let me = null;
let place = null;
let thread = null;
let threadChosen = false; // the visitor opened or closed a thread: it no longer follows the newest one
let announced = { by: "", texts: new Set() }; // what was on the screen already, by person and channel

const names = {
  person: (id) => cast.people[id]?.name,
  channel: (id) => scene.channels.find((channel) => channel.id === id)?.name,
  group: (id) => cast.groups[id],
};

const world = {
  names,
  author: (id) => cast.people[id] ?? { name: id, realName: id },
  press,
  openThread: (message) => openThread(message.ts, { chosen: true }),
};
const draw = (message) => drawMessage(message, world);

function tell(problem) {
  at("problem").textContent = problem?.message ?? "";
}

function act(path, body) {
  tell(null);
  return post(path, body).catch(tell);
}

// What one person sees of a channel.
function seen(channelId) {
  const channel = scene.channels.find((one) => one.id === channelId);
  const whispers = scene.ephemerals.filter((one) => one.channel === channelId && one.reader === me);
  return [...(channel?.messages ?? []), ...whispers].sort((a, b) => Number(a.ts) - Number(b.ts));
}

const myChannels = () => scene.channels.filter((channel) => channel.members.includes(me));
const title = (channel) => (channel.kind === "im" ? "@ vpn-bot" : `# ${channel.name}`);

async function press(message, button) {
  if (button.confirm && !(await confirmed(button.confirm))) return;
  if (!message.thread) openThread(message.ts, { show: false });
  await act("press", { who: me, channel: message.channel, ts: message.ts, action_id: button.action_id });
}

function keepAtEnd(list, draw) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  draw();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function showMessages() {
  const all = seen(place);
  const roots = all
    .filter((message) => !message.thread)
    .map((message) => ({ ...message, replies: all.filter((one) => one.thread === message.ts).length }));
  at("chat-empty").hidden = roots.length > 0;
  keepAtEnd(at("messages"), () => sync(at("messages"), roots, (message) => message.ts, draw));

  const newest = all.filter((message) => message.thread).at(-1);
  if (newest && !threadChosen) thread = newest.thread;
  const inThread = thread ? all.filter((message) => [message.ts, message.thread].includes(thread)) : [];
  const before = at("replies").lastElementChild?.dataset.ts;
  sync(at("replies"), inThread, (message) => message.ts, draw);
  // An answer under a long undo kit would be out of sight.
  if (inThread.at(-1)?.ts !== before) at("replies").lastElementChild?.scrollIntoView({ block: "nearest" });
  at("thread-title").textContent = inThread.length ? `Thread: ${headline(inThread[0])}` : "Thread";
  at("thread-empty").hidden = inThread.length > 0;
  at("thread-close").hidden = inThread.length === 0;
  announce(all);
}

// Tells screen readers the latest news, but not everything anew when the person or the channel changes.
function announce(messages) {
  const by = `${me} ${place}`;
  const news = messages.filter((message) => !announced.texts.has(message.ts + message.text)).slice(-3);
  const isNews = announced.by === by;
  announced = { by, texts: new Set(messages.map((message) => message.ts + message.text)) };
  if (!isNews) return;
  for (const one of news) {
    const text = el("span", {}, mrkdwn(one.text, names)).textContent;
    at("live").append(el("p", {}, `${names.person(one.author) ?? "Slack"}: ${text}`));
  }
  while (at("live").childElementCount > 3) at("live").firstElementChild.remove();
}

const headline = (root) => root.blocks.find((block) => block.type === "header")?.text.text ?? "a message";

function openThread(ts, { chosen = false, show = true } = {}) {
  thread = ts;
  threadChosen = chosen;
  showMessages();
  if (show) showPane("thread");
}

function showPane(pane) {
  document.body.dataset.pane = pane;
  for (const button of document.querySelectorAll(".panes button")) {
    button.setAttribute("aria-pressed", String(button.dataset.pane === pane));
  }
}

function showPeople() {
  at("people").replaceChildren(
    at("people").querySelector("legend"),
    ...Object.values(cast.people)
      .filter((person) => person.playable)
      .map((person) =>
        el(
          "label",
          {},
          el("input", {
            type: "radio",
            name: "who",
            value: person.id,
            checked: person.id === me,
            onchange: () => become(person.id),
          }),
          avatar(person),
          el("span", {}, el("strong", {}, person.realName.split(" ")[0]), el("small", {}, person.note)),
        ),
      ),
  );
}

function become(personId) {
  me = personId;
  if (!myChannels().some((channel) => channel.id === place)) place = myChannels()[0].id;
  show();
}

function go(channelId) {
  place = channelId;
  thread = null;
  threadChosen = false;
  show();
  showPane("chat");
}

function showPlace() {
  const channel = scene.channels.find((one) => one.id === place);
  at("channel-title").textContent = title(channel);
  const inside = channel.members.includes(cast.bot);
  at("channel-note").textContent = inside ? "" : "vpn-bot isn’t in this channel";
  const mine = myChannels().map((one) => ({
    id: one.id,
    label: title(one),
    kind: one.kind,
    current: one.id === place,
  }));
  sync(
    at("channels"),
    mine,
    (one) => one.id,
    (one) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", "aria-current": one.current ? "page" : null, onclick: () => go(one.id) },
          one.label,
          el("small", {}, KINDS[one.kind]),
        ),
      ),
  );
}

function showBot() {
  at("bot-status").textContent = `Bot ${scene.bot}`;
  at("bot-status").className = scene.bot;
  const power = at("bot-power");
  power.hidden = false;
  power.textContent = scene.bot === "stopped" ? "Start the bot" : "Kill the bot";
  power.onclick = () => act("bot", { on: scene.bot === "stopped" });
}

function show() {
  showPlace();
  showMessages();
  showBot();
  showCloud(scene, tell);
  at("caption").hidden = !scene.caption;
  at("caption").textContent = scene.caption && `Playing by itself: ${scene.caption}`;
  const view = scene.views.filter((one) => one.reader === me).at(-1);
  showView(view, {
    submit: (one, values) => act("submit", { who: me, view_id: one.id, values }),
    close: (one) => act("close", { who: me, view_id: one.id }),
    names,
  });
}

function showCast() {
  startRun(cast.run);
  offerMishaps(cast.mishaps, tell);
  at("examples").replaceChildren(
    ...cast.examples.map((example) =>
      el(
        "button",
        {
          type: "button",
          title: example.text,
          onclick: () => {
            at("composer-text").value = example.text;
            at("composer-text").focus();
          },
        },
        example.label,
      ),
    ),
  );
}

function start() {
  const events = new EventSource("events");
  events.addEventListener("cast", (event) => {
    cast = JSON.parse(event.data);
    me ??= Object.values(cast.people).find((person) => person.playable).id;
    showCast();
    showPeople();
  });
  events.addEventListener("entry", (event) => addEntry(JSON.parse(event.data)));
  events.addEventListener("scene", (event) => {
    scene = JSON.parse(event.data);
    place ??= scene.channels.find((channel) => channel.name === FIRST_CHANNEL).id;
    show();
  });
  events.addEventListener("error", () => {
    at("bot-status").textContent = "The rehearsal has ended, or is out of reach";
    at("bot-status").className = "stopped";
  });
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const box = at("composer-text");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  at("messages").scrollTop = at("messages").scrollHeight;
  act("type", { who: me, channel: place, text });
});
at("thread-close").addEventListener("click", () => {
  thread = null;
  threadChosen = true;
  showMessages();
  showPane("chat");
});
for (const button of document.querySelectorAll(".panes button")) {
  button.addEventListener("click", () => showPane(button.dataset.pane));
}
showPane("chat");
start();
