// Slack's confirm dialog and modals, in the page's one <dialog>.

import { el } from "./dom.js";
import { blocks } from "./blocks.js";

const dialog = document.getElementById("dialog");
let shownView = null;
let onCancel = () => {};

dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  onCancel();
});

function show(cancelled, ...children) {
  onCancel = cancelled;
  dialog.replaceChildren(...children);
  if (!dialog.open) dialog.showModal();
}

// Asks what a button's `confirm` object asks; gives true for yes.
export function confirmed(question) {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      resolve(answer);
    };
    const text = question.text.text;
    show(
      () => close(false),
      el("h2", { id: "dialog-title" }, question.title.text),
      el("p", {}, text),
      el(
        "div",
        { class: "actions end" },
        el("button", { type: "button", autofocus: true, onclick: () => close(false) }, question.deny.text),
        el(
          "button",
          { type: "button", class: question.style ?? "primary", onclick: () => close(true) },
          question.confirm.text,
        ),
      ),
    );
  });
}

function field(block, element, id) {
  if (element.type === "plain_text_input") {
    return el(element.multiline ? "textarea" : "input", {
      id,
      name: block.block_id,
      value: element.multiline ? null : element.initial_value,
      placeholder: element.placeholder?.text,
      minlength: element.min_length,
      maxlength: element.max_length,
      required: !block.optional,
      spellcheck: "false",
    });
  }
  const options = element.options.map((option) => el("option", { value: option.value }, option.text.text));
  const multiple = element.type === "checkboxes";
  return el("select", { id, name: block.block_id, multiple, required: !block.optional }, options);
}

function input(block, errors) {
  const id = `field-${block.block_id}`;
  const problem = errors[block.block_id];
  const shown = field(block, block.element, id);
  if (problem) shown.setAttribute("aria-invalid", "true");
  if (problem || block.hint) shown.setAttribute("aria-describedby", `${id}-note`);
  return el(
    "div",
    { class: "field" },
    el("label", { for: id }, block.label.text, block.optional ? " (optional)" : ""),
    shown,
    problem || block.hint
      ? el("p", { id: `${id}-note`, class: problem ? "problem" : "hint" }, problem ?? block.hint.text)
      : null,
  );
}

function filled(form, view) {
  const values = {};
  for (const block of view.body.blocks.filter((one) => one.type === "input")) {
    const shown = form.elements[block.block_id];
    const value = shown.multiple ? [...shown.selectedOptions].map((option) => option.value) : shown.value;
    if (value?.length) values[block.block_id] = { [block.element.action_id]: value };
  }
  return values;
}

// Shows the newest of a person's modals, or takes it away; submit(view, values) and close(view) tell Slack.
export function showView(view, { submit, close, names }) {
  if (!view) {
    if (shownView) dialog.close();
    shownView = null;
    return;
  }
  const look = view.id + view.hash;
  if (shownView === look) return;
  // What was typed stays where Slack only says what is wrong with it.
  const typed = shownView?.startsWith(view.id) ? filled(dialog.querySelector("form"), view) : {};
  shownView = look;
  const body = view.body;
  const form = el(
    "form",
    {
      autocomplete: "off",
      onsubmit: (event) => {
        event.preventDefault();
        submit(view, filled(form, view));
      },
    },
    el("h2", { id: "dialog-title" }, body.title.text),
    body.blocks.map((block) => (block.type === "input" ? input(block, view.errors) : blocks([block], { names, press: () => {} }))),
    el(
      "div",
      { class: "actions end" },
      el("button", { type: "button", onclick: () => close(view) }, body.close?.text ?? "Cancel"),
      body.submit ? el("button", { type: "submit", class: "primary" }, body.submit.text) : null,
    ),
  );
  show(() => close(view), form);
  for (const [name, values] of Object.entries(typed)) {
    const field = form.elements[name];
    if (field && !field.multiple) field.value = Object.values(values)[0];
  }
  form.querySelector("[aria-invalid], input, textarea, select")?.focus();
}
