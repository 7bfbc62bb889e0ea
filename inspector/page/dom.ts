/** Elements in few words, here and on the pages of the site. */

export type Child = Node | string | number | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/** The children that are there, as the document takes them. */
export const given = (children: readonly Child[]): (Node | string)[] =>
  children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value as (event: Event) => void);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...given(children));
  return element;
}

/** An HTML element; functions among the attributes listen to the event of their name. */
export const h = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] => filled(document.createElement(name), attributes, children);

/** An SVG element. */
export const s = <Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] => filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** Enter and space do what a click does, for what is no button. */
export const pressed =
  (act: () => void) =>
  (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    act();
  };

/** Numbers with their thousands apart. */
export const grouped = (n: number): string => n.toLocaleString("en-US");

/** A number as people read it: six digits, a true minus, no trailing zeros. */
export function shown(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const magnitude = Math.abs(value);
  const text =
    magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-4) ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
  return (Object.is(value, -0) ? "0" : text).replaceAll("-", "−");
}

/** `1.22 MB`; of fewer than 1000, bytes. */
export function bytes(n: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  const unit = n < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(n) / 3));
  return `${unit === 0 ? n : (n / 1000 ** unit).toPrecision(3)} ${units[unit]}`;
}

/** Microseconds, or of more than a thousand milliseconds; three digits. */
export const micros = (seconds: number): string =>
  seconds < 1e-3 ? `${Number((seconds * 1e6).toPrecision(3))} µs` : `${grouped(Number((seconds * 1e3).toPrecision(3)))} ms`;

/** `12.3 of 25.6`: GFLOP/s as measured, and as the roofline would have them. */
export const rates = (flops: number, measured: number | undefined, atBest: number): string =>
  flops === 0 || measured === undefined ? "–" : [measured, atBest].map((seconds) => (flops / seconds / 1e9).toPrecision(3)).join(" of ");

/** Scrolls one pane, and nothing around it, so that an element of it is seen. */
export function reveal(pane: Element, element: Element): void {
  const [outer, inner] = [pane.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top + 24 || inner.bottom > outer.bottom - 24) pane.scrollTop += inner.top - outer.top - outer.height / 3;
  if (inner.left < outer.left || inner.right > outer.right) pane.scrollLeft += inner.left - outer.left - 24;
}
