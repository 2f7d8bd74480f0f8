// The local cloud's tunnels, and what is armed to go wrong next.

import { el, post, sync } from "./dom.js";

const tunnels = document.getElementById("tunnels");
const target = document.getElementById("mishap-target");
const what = document.getElementById("mishap-what");
const armed = document.getElementById("armed");

function drawTunnel(tunnel, tell) {
  const traffic = tunnel.up ? "up" : "down";
  const back = el(
    "button",
    { type: "button", class: "quiet", onclick: () => post("restore", { tunnel_id: tunnel.id }).catch(tell) },
    "put it back",
  );
  back.setAttribute("aria-label", `Put ${tunnel.id} back`);
  return el(
    "tr",
    { class: tunnel.state === "gone" ? "gone" : "" },
    el("th", { scope: "row" }, el("code", {}, tunnel.id), " ", el("span", { class: "name" }, tunnel.name)),
    el(
      "td",
      {},
      el("span", { class: `state ${tunnel.state.toLowerCase()} ${traffic}` }, tunnel.state),
      tunnel.state === "AVAILABLE" ? el("span", { class: "name" }, traffic) : null,
    ),
    el("td", {}, tunnel.restorable ? back : null),
  );
}

export function showCloud(scene, tell) {
  sync(tunnels, scene.tunnels, (tunnel) => tunnel.id, (tunnel) => drawTunnel(tunnel, tell));
  const waiting = scene.waiting.map((one, index) => ({ ...one, index }));
  sync(
    armed,
    waiting,
    (one) => `${one.index}`,
    (one) => el("li", {}, "Armed: ", el("code", {}, one.target), ` ${one.what}`),
  );
}

function options(values) {
  return values.map((value) => el("option", { value }, value));
}

export function offerMishaps(offers, tell) {
  target.replaceChildren(...options(offers.map((offer) => offer.target)));
  const offerWhat = () => {
    const offer = offers.find((one) => one.target === target.value);
    const groups = [
      ["On the way", offer.words],
      ["Answers an error code", offer.codes],
    ].filter(([, values]) => values.length);
    what.replaceChildren(...groups.map(([label, values]) => el("optgroup", { label }, options(values))));
    if (offer.codes.length) what.value = "UnsupportedOperation.MutexOperationTaskRunning";
  };
  target.onchange = offerWhat;
  offerWhat();
  document.getElementById("mishap").onsubmit = (event) => {
    event.preventDefault();
    post("mishap", { target: target.value, what: what.value }).catch(tell);
  };
}
