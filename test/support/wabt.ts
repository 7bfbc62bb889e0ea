/** Another assembler, by which ours is judged. */

import loadWabt from "wabt";

const FEATURES = { simd: true, sat_float_to_int: true, threads: true, relaxed_simd: true };
const loaded = loadWabt();

/** The bytes that wabt makes of a module's text. */
export async function bytesByWabt(text: string): Promise<Buffer> {
  const parsed = (await loaded).parseWat("kernels.wat", new TextEncoder().encode(text), FEATURES);
  try {
    return Buffer.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}
