import { createTrainer } from "../generated/xor/trainer.ts";

const trainer = createTrainer({ seed: 1 });
const x = new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]);
const y = new Float32Array([0, 1, 1, 0]);
let loss = 1;
for (let n = 0; n < 2000; n++) loss = trainer.step({ x, y });
console.log(JSON.stringify({ loss, guess: [...trainer.predict({ x }).guess].map((one) => Math.round(one)) }));
