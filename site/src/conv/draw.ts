/** Pictures of the page of convolution: a colour picture, the filter's frame on it, maps. */

export const SIDE = 32;
export const FIELD = 5;
export const OUT = 28;

/** A picture to look at: a sun, a hill, a house. [3, 32, 32], 0 to 1. */
export function scene(): Float32Array {
  const picture = new Float32Array(3 * SIDE * SIDE);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      let color: readonly [number, number, number] = [0.45 + 0.012 * y, 0.7 + 0.006 * y, 0.95];
      if (Math.hypot(x - 24.5, y - 6.5) < 4.3) color = [1, 0.85, 0.25];
      if (y > 21 + 2.5 * Math.sin(x / 5)) color = [0.3, 0.62 - 0.01 * (y - 20), 0.25];
      if (x >= 6 && x < 16 && y >= 15 && y < 25) color = [0.82, 0.42, 0.3];
      if (y >= 9 && y < 15 && Math.abs(x - 10.5) <= y - 8.5) color = [0.45, 0.2, 0.18];
      if (x >= 8 && x < 11 && y >= 18 && y < 21) color = [0.98, 0.95, 0.7];
      if (x >= 12 && x < 15 && y >= 19 && y < 25) color = [0.3, 0.18, 0.12];
      color.forEach((value, c) => (picture[(c * SIDE + y) * SIDE + x] = value));
    }
  return picture;
}

/** Draws channels [3, side, side], 0 to 1 by `of`, each pixel `scale` screen pixels wide. */
export function drawColour(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  side: number,
  scale: number,
  of: (value: number) => number = (value) => value,
): void {
  size(canvas, side, side, scale);
  const image = new ImageData(side, side);
  for (let at = 0; at < side * side; at++)
    image.data.set([...[0, 1, 2].map((c) => 255 * Math.min(1, Math.max(0, of(values[c * side * side + at]!)))), 255], at * 4);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function size(canvas: HTMLCanvasElement, width: number, height: number, scale: number): void {
  if (canvas.width === width && canvas.height === height && canvas.style.width !== "") return;
  [canvas.width, canvas.height] = [width, height];
  canvas.style.width = `${width * scale}px`;
  canvas.classList.add("pixelated");
}

/** The picture with the filter's frame where it lies: drawn large, so that the frame is a line. */
export function drawFramed(canvas: HTMLCanvasElement, picture: ArrayLike<number>, row: number, column: number): void {
  const scale = 8;
  const small = document.createElement("canvas");
  drawColour(small, picture, SIDE, 1);
  if (canvas.width !== SIDE * scale) {
    [canvas.width, canvas.height] = [SIDE * scale, SIDE * scale];
    canvas.style.width = `${SIDE * scale}px`;
  }
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, SIDE * scale, SIDE * scale);
  for (const [width, color] of [
    [5, "#000"],
    [2.5, "#fff"],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.strokeRect(column * scale, row * scale, FIELD * scale, FIELD * scale);
  }
}
