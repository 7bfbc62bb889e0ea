import { draw, grid } from "./field.ts";

const said = document.querySelector("#said")!;
const worker = new Worker(new URL("./train.worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }: MessageEvent<{ step: number; loss: number; scores: Float32Array }>) => {
  draw(data.scores);
  said.textContent = `step ${data.step}  loss ${data.loss.toFixed(4)}${data.step < 2000 ? "" : "  trained"}`;
};
worker.postMessage(grid);
