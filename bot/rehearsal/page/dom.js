// Small helpers for making and renewing elements. Text only ever becomes text nodes.

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const unseen = (text) => el("span", { class: "unseen" }, text);

// Makes `list` show `items`, leaving alone those that look the same, so that focus, selection and open
// details survive. A renewed item that held the focus takes it back.
export function sync(list, items, keyOf, draw) {
  const before = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let next = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const look = JSON.stringify(item);
    let element = before.get(key);
    before.delete(key);
    if (element && element.look !== look) {
      const focused = element.contains(document.activeElement);
      const renewed = draw(item);
      if (next === element) next = renewed;
      element.replaceWith(renewed);
      element = renewed;
      if (focused) {
        const target = element.querySelector("button, input, select, a[href]") ?? element;
        if (target === element) element.tabIndex = -1;
        target.focus({ preventScroll: true });
      }
    }
    element ??= draw(item);
    element.look = look;
    element.dataset.key = key;
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  for (const gone of before.values()) gone.remove();
}

export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  } catch {
    throw new Error("The rehearsal doesn’t answer. Does it still run in its terminal?");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error ?? `The rehearsal answered HTTP ${answer.status}.`);
  }
}
