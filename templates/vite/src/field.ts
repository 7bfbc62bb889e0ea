const SIDE = 32;
const context = document.querySelector<HTMLCanvasElement>("#field")!.getContext("2d")!;

/** The places that are asked about: SIDE × SIDE points from −1 to 1. */
export const grid = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, n) => {
  const at = n >> 1;
  return ((n % 2 === 0 ? at % SIDE : Math.floor(at / SIDE)) / (SIDE - 1)) * 2 - 1;
});

/** One pixel a place: the bluer, the surer of the first spiral. */
export function draw(scores: Float32Array): void {
  const image = context.createImageData(SIDE, SIDE);
  for (let n = 0; n < SIDE * SIDE; n++) {
    const first = 1 / (1 + Math.exp(scores[2 * n + 1]! - scores[2 * n]!));
    image.data.set([255 * (1 - first), 96, 255 * first, 255], 4 * n);
  }
  context.putImageData(image, 0, 0);
}
