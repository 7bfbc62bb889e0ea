/** The page: rnet is fine-tuned where it stands, saved as ONNX from the template, and judged by ONNX Runtime there. */

import { loadWeights, readWeights, saveOnnx } from "adjoint/runtime";
import { accuracy, largest, predicted, shapes, slice, type Trainer } from "../rows.ts";
import type { Judged } from "./judged.ts";
// once run.ts has written it
import { createTrainer } from "../.work/page/trainer.wasm.ts";

const ROWS = 32;
const EPOCHS = 30;
const SIDE = 24;
const SHOWN = 16;

const found = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E; // the page's own
const say = (text: string): void => void (found("said").textContent = text);
const bytesAt = async (path: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(path)).arrayBuffer());

const [training, held] = [shapes(512, 1), shapes(256, 2)];
const count = training.classes.length;

/** The first held-out pictures, each under a bar: green where the net is right. */
function show(scores: readonly number[]): void {
  const canvas = found<HTMLCanvasElement>("pictures").getContext("2d")!;
  const pixels = held.inputs["input_2"]!;
  const columns = SHOWN / 2;
  for (let n = 0; n < SHOWN; n++) {
    const image = canvas.createImageData(SIDE, SIDE);
    for (let at = 0; at < SIDE * SIDE; at++) {
      for (let c = 0; c < 3; c++) image.data[4 * at + c] = 255 * (0.5 + 0.45 * pixels[(n * SIDE * SIDE + at) * 3 + c]!);
      image.data[4 * at + 3] = 255;
    }
    const [x, y] = [SIDE * (n % columns), SIDE * Math.floor(n / columns)];
    canvas.putImageData(image, x, y);
    canvas.fillStyle = (scores[2 * n + 1]! > scores[2 * n]! ? 1 : 0) === held.classes[n] ? "#2a2" : "#c22";
    canvas.fillRect(x, y + SIDE - 2, SIDE, 2);
  }
}

/** What ONNX Runtime makes of the file, beside the trainer: the largest difference beside the largest output. */
async function beside(file: Uint8Array, trainer: Trainer): Promise<number> {
  const address = "/ort/ort.wasm.min.mjs";
  const { env, InferenceSession, Tensor } = (await import(address)) as typeof import("onnxruntime-web");
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(file);
  const one = slice(held.inputs, held.classes.length, 0, ROWS);
  const ours = trainer.predict(one);
  const theirs = await session.run({ input_2: new Tensor("float32", one["input_2"] as Float32Array, [ROWS, SIDE, SIDE, 3]) });
  return Math.max(
    ...Object.entries(ours).map(
      ([name, values]) => largest(values.map((value, n) => value - Number(theirs[name]!.data[n]))) / largest(values),
    ),
  );
}

const trainer = createTrainer({ seed: 1 });
loadWeights(trainer, readWeights(await bytesAt("rnet.safetensors")));
const template = await bytesAt("rnet.template.onnx");

async function tune(): Promise<void> {
  found<HTMLButtonElement>("begin").disabled = true;
  const own = trainer as unknown as Trainer; // its step takes any of its batches
  const right = (): number => {
    const { softmax_1: scores } = predicted(own, held, ROWS);
    show(scores!);
    return accuracy(scores!, held);
  };
  const before = right();
  let [spent, steps] = [0, 0];
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const begun = performance.now();
    let loss = 0;
    for (let from = 0; from + ROWS <= count; from += ROWS, steps++)
      loss = own.step({ ...slice(training.inputs, count, from, from + ROWS), ...slice(training.targets, count, from, from + ROWS) });
    spent += performance.now() - begun;
    say(`epoch ${epoch + 1} of ${EPOCHS}: loss ${loss.toFixed(3)}, ${(100 * right()).toFixed(1)} % of held-out pictures right`);
    await new Promise(requestAnimationFrame);
  }
  const file = saveOnnx(trainer, template);
  const link = found<HTMLAnchorElement>("file");
  link.href = URL.createObjectURL(new Blob([file.slice()]));
  link.hidden = false;
  const judged: Judged = { before, after: right(), rate: steps / (spent / 1000), bytes: file.length, apart: await beside(file, own) };
  say(
    `${(100 * judged.before).toFixed(1)} % of held-out pictures were right, and ${(100 * judged.after).toFixed(1)} % are; ` +
      `ONNX Runtime is within ${judged.apart.toExponential(1)} of the trainer`,
  );
  document.body.dataset["judged"] = JSON.stringify(judged);
}

const button = found<HTMLButtonElement>("begin");
button.addEventListener("click", () => void tune().catch((error: unknown) => say(String(error))));
button.disabled = false;
say("ready");
