/** One of several, as buttons of which one is pressed. */

import { h } from "./dom.ts";

export interface Choice<Value> {
  readonly value: Value;
  readonly title: string;
}

/** Fills `at` with a button for each choice; `act` hears of a new one. Returns what presses one without telling. */
export function choices<Value>(
  at: HTMLElement,
  all: readonly Choice<Value>[],
  first: Value,
  act: (value: Value) => void,
  label?: string,
): (value: Value) => void {
  const buttons = all.map(({ value, title }) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === first),
        "data-choice": String(value),
        click: () => {
          press(value);
          act(value);
        },
      },
      title,
    ),
  );
  const press = (value: Value): void =>
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(all[n]!.value === value)));
  at.classList.add("chips");
  if (label !== undefined) {
    at.setAttribute("role", "group");
    at.setAttribute("aria-label", label);
    at.append(h("span", { class: "soft" }, label));
  }
  at.append(...buttons);
  return press;
}
