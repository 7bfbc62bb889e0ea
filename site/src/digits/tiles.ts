/** Weights and pictures as tiles of one canvas. */

/** Blue for what speaks for, red for what speaks against, each tile by its own largest. */
export function drawSigned(
  canvas: HTMLCanvasElement,
  tiles: readonly ArrayLike<number>[],
  { side, columns, scale }: { readonly side: number; readonly columns: number; readonly scale: number },
): void {
  const largest = tiles.map((values) => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9));
  drawTiles(canvas, tiles.length, { side, columns, scale }, (tile, at) => {
    const share = tiles[tile]![at]! / largest[tile]!;
    const pale = 248 * (1 - Math.min(1, Math.abs(share)));
    return share < 0
      ? [190 + (pale * 58) / 248, 40 + (pale * 208) / 248, 30 + (pale * 218) / 248]
      : [28 + (pale * 220) / 248, 70 + (pale * 178) / 248, 190 + (pale * 58) / 248];
  });
}

/** Ink on white, 0 to 1. */
export function drawInk(
  canvas: HTMLCanvasElement,
  tiles: readonly ArrayLike<number>[],
  { side, columns, scale }: { readonly side: number; readonly columns: number; readonly scale: number },
): void {
  drawTiles(canvas, tiles.length, { side, columns, scale }, (tile, at) => {
    const grey = 250 - 235 * Math.min(1, Math.max(0, tiles[tile]![at]!));
    return [grey, grey, grey];
  });
}

const GAP = 1;

function drawTiles(
  canvas: HTMLCanvasElement,
  count: number,
  { side, columns, scale }: { readonly side: number; readonly columns: number; readonly scale: number },
  colour: (tile: number, at: number) => readonly [number, number, number],
): void {
  const rows = Math.ceil(count / columns);
  const [width, height] = [columns * (side + GAP) - GAP, rows * (side + GAP) - GAP];
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
    canvas.style.width = `${width * scale}px`;
    canvas.classList.add("pixelated");
  }
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  for (let tile = 0; tile < count; tile++) {
    const [left, top] = [(tile % columns) * (side + GAP), Math.floor(tile / columns) * (side + GAP)];
    for (let at = 0; at < side * side; at++) {
      const [r, g, b] = colour(tile, at);
      image.data.set([r, g, b, 255], ((top + Math.floor(at / side)) * width + left + (at % side)) * 4);
    }
  }
  context.putImageData(image, 0, 0);
}

/** Columns of a matrix [rows, columns]: one tile a unit. */
export function columnsOf(values: ArrayLike<number>, columns: number): Float32Array[] {
  const rows = values.length / columns;
  return Array.from({ length: columns }, (_, column) => Float32Array.from({ length: rows }, (_, row) => values[row * columns + column]!));
}
