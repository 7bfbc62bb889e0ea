/**
 * Five steps of what ../jax/write.ts wrote, by the driver that is exported beside a step and onnxruntime-web, in Node: its losses are the
 * trainer's.
 *   npm ci && npx tsx ../jax/write.ts /tmp/jax mnist-mlp lenet && npx tsx steps.mjs /tmp/jax mnist-mlp lenet
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ort from "onnxruntime-web";
import { JAVASCRIPT } from "../../compiler/exports/onnx-step/drivers.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";

const NEAR = 1e-4;
const STEPS = 5;
const [folder, ...names] = process.argv.slice(2);
const { openStep } = await import(`data:text/javascript,${encodeURIComponent(JAVASCRIPT)}`);
const KINDS = { F32: ["float32", Float32Array], I32: ["int32", Int32Array], F64: ["float64", Float64Array] };

for (const name of names) {
  const model = readFileSync(join(folder, `${name}.onnx`));
  const { tensors } = readSafetensors(readFileSync(join(folder, `${name}.safetensors`)), name);
  const session = await ort.InferenceSession.create(model);
  const metadata = new Map(session.inputMetadata.map((one) => [one.name, one]));
  const of = (start) =>
    tensors.flatMap((one) =>
      one.name.startsWith(start) && metadata.has(one.name.slice(start.length)) ? [{ ...one, name: one.name.slice(start.length) }] : [],
    );
  // what write.ts kept of the state is flat
  const first = of("f32 first ").map((one) => ({ ...one, shape: metadata.get(one.name).shape }));
  const trainer = await openStep(ort, model, Buffer.from(writeSafetensors({ tensors: first, metadata: {} })));
  const recorded = tensors.find((one) => one.name === "f32 losses");
  const expected = new KINDS[recorded.dtype][1](Uint8Array.from(recorded.bytes).buffer);
  let far = 0;
  for (let n = 0; n < STEPS; n++) {
    const batch = Object.fromEntries(
      of(`batch ${n} `).map(({ name: key, dtype, shape, bytes }) => {
        const [type, Numbers] = KINDS[dtype];
        return [key, new ort.Tensor(type, new Numbers(Uint8Array.from(bytes).buffer), shape)];
      }),
    );
    const loss = await trainer.step(batch);
    const wanted = expected[n * recorded.shape[1]];
    far = Math.max(far, Math.abs(loss - wanted) / Math.abs(wanted));
  }
  console.log(`${name}: losses of ${STEPS} steps within ${far.toExponential(1)} of the trainer's`);
  if (!(far <= NEAR)) process.exitCode = 1;
}
