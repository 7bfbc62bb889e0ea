/** Rows for a model that nobody brought data for: made, so that there is something to learn, or digits where its text asks for MNIST. */

import { firstOf, loadTrain, PIXELS } from "../digits/data.ts";
import type { Arrays, LabCompiled, TrainerFacts } from "../lab/messages.ts";

export interface MadeData {
  readonly arrays: Arrays;
  readonly says: string;
}

const MOST_NUMBERS = 2_000_000;

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Data for the inputs of a trainer. A label is told by the prototype of its class; a sequence goes on as it began. */
export async function dataFor(compiled: LabCompiled, { inputs, batch }: TrainerFacts): Promise<MadeData> {
  const classesOf = (name: string): number | undefined => compiled.buffers.find((buffer) => buffer.name === name)?.classes;
  const widths = inputs.map(({ name, length, dtype }) => ({ name, dtype, width: length / batch.train, classes: classesOf(name) }));
  const pictures = widths.find(({ width, dtype }) => dtype !== "i32" && width === PIXELS);
  const label = widths.find(({ width, classes }) => width === 1 && classes === 10);
  if (pictures !== undefined && label !== undefined && widths.length === 2) {
    const digits = await loadTrain(1);
    const { x, y } = firstOf(digits, digits.y.length);
    return { arrays: { [pictures.name]: x, [label.name]: y }, says: "1,000 digits of MNIST" };
  }
  const widest = widths.reduce((sum, { width }) => sum + width, 1);
  const rows = Math.max(batch.train, Math.min(8 * batch.train, Math.floor(MOST_NUMBERS / widest)));
  const random = generator(7);
  const target = widths.find(({ width, classes, dtype }) => dtype === "i32" && width === 1 && classes !== undefined);
  const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * (target?.classes ?? 1)));
  const arrays = widths.map(({ name, dtype, width, classes }, n) => {
    if (name === target?.name) return [name, labels] as const;
    if (dtype === "i32")
      return [
        name,
        Int32Array.from({ length: rows * width }, (_, at) => (Math.floor(at / width) * 7 + (at % width) + n) % (classes ?? 2)),
      ] as const;
    const prototypes = Float32Array.from({ length: width * (target?.classes ?? 1) }, random);
    return [
      name,
      Float32Array.from(
        { length: rows * width },
        (_, at) => 0.7 * prototypes[labels[Math.floor(at / width)]! * width + (at % width)]! + 0.3 * random(),
      ),
    ] as const;
  });
  return {
    arrays: Object.fromEntries(arrays),
    says: inputs.length === 0 ? "no data, which it has no use for" : `${rows.toLocaleString("en-US")} made rows`,
  };
}
