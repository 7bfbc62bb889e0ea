/** The few things that pages need of the document. */

export { bytes as bytesShown, grouped, h, s as svg, shown } from "../../inspector/page/dom.ts";

/** The element that a page has under this name. Throws where it has none: page and script are written together. */
export function byId<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found as unknown as Kind;
}

/** What the page says of itself, or what went wrong. */
export function say(text: string, isError = false): void {
  const said = byId("said");
  said.textContent = text;
  said.classList.toggle("error", isError);
}

/** Calls `act` once no further call came for so many milliseconds. */
export function settled(act: () => void, milliseconds: number): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, milliseconds);
  };
}

/** A canvas with as many pixels as the screen has for it; returns its context, scaled to CSS pixels. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
