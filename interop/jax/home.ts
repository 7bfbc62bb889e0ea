/**
 * A run that begins in Node, goes on in JAX on eight devices and comes home: 3, 2 and 1 epochs of mnist-mlp on MNIST, through checkpoints, with loss
 * and accuracy on the way. `PYTHON=… tsx interop/jax/home.ts`
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportProgram } from "../../compiler/export.ts";
import * as module from "../../generated/mnist-mlp/trainer.ts";
import mnist from "../../models/mnist-mlp.ts";
import { evaluate, fit, loadCheckpoint, restoreCheckpoint, saveCheckpoint } from "../../runtime/index.ts";
import { loadMnist } from "../../runtime/node/index.ts";

/** An array as NumPy's file. */
function npy(values: Float32Array | Int32Array, shape: readonly number[]): Uint8Array {
  const type = values instanceof Float32Array ? "<f4" : "<i4";
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const head = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const length = [head.length & 255, head.length >> 8];
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, ...length]),
    Buffer.from(head),
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  ]);
}

const folder = mkdtempSync(join(tmpdir(), "adjoint-home-"));
const at = (name: string): string => join(folder, name);
try {
  const { train, test } = await loadMnist();
  const files = (name: string, { x, y }: typeof train): string => {
    writeFileSync(at(`${name}-x.npy`), npy(x, [y.length, 784]));
    writeFileSync(at(`${name}-y.npy`), npy(y, [y.length]));
    return `x=${at(`${name}-x.npy`)},y=${at(`${name}-y.npy`)}`;
  };
  const source = { path: "models/mnist-mlp.ts", text: readFileSync(new URL("../../models/mnist-mlp.ts", import.meta.url), "utf8") };
  writeFileSync(at("trainer.jax.py"), await exportProgram(mnist, { to: "jax", source }));
  const trainer = module.createTrainer({ seed: 0 });
  const told = (where: string): void => {
    const { loss, accuracy } = evaluate(trainer, test);
    console.log(`${where}: test accuracy ${accuracy!.toFixed(4)}, test loss ${loss.toFixed(4)}, ${trainer.stepCount} steps`);
  };
  await fit(trainer, train, { epochs: 3 });
  told("Node, 3 epochs");
  writeFileSync(at("run.safetensors"), saveCheckpoint(module, trainer));
  const args = ["--data", files("train", train), "--test", files("test", test), "--epochs", "2", "--devices", "8"];
  const { status, stdout, stderr } = spawnSync(
    process.env["PYTHON"] ?? "python3",
    [at("trainer.jax.py"), ...args, "--load", at("run.safetensors"), "--save", at("run.safetensors")],
    { encoding: "utf8", env: { ...process.env, JAX_PLATFORMS: "cpu" } },
  );
  if (status !== 0) throw new Error(stderr);
  console.log(stdout.trim());
  restoreCheckpoint(module, trainer, loadCheckpoint(readFileSync(at("run.safetensors")), "run.safetensors"));
  told("Node again, as it came");
  await fit(trainer, train, { epochs: 1 });
  told("Node, 1 epoch more");
} finally {
  rmSync(folder, { recursive: true });
}
