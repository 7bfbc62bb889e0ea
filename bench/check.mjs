/** Measures the default check. */
import { loadCompiler } from "../scripts/compiler.mjs";
import { checked } from "./check-nets.mjs";
import { processor } from "./timing.mjs";

const { adjoint } = await loadCompiler([]);
const nets = checked(adjoint);
const only = process.argv[2];
const targets = process.argv[3] ? [process.argv[3]] : ["typescript", "wasm"];
await adjoint.compile(nets["conv + batch norm + pool, 28×28"], { effort: "none" });
for (const [name, model] of Object.entries(nets)) {
  if (only && !name.includes(only)) continue;
  for (const target of targets) {
    let began = processor();
    await adjoint.compile(model, { effort: "none", target });
    const without = processor() - began;
    began = processor();
    const parts = [];
    let [last, at] = ["", began];
    const progress = (text) => { const now = processor(); if (last) parts.push(`${last.slice(0, 35)}: ${((now - at) / 1000).toFixed(2)}`); [last, at] = [text, now]; };
    try { const { check } = await adjoint.compile(model, { target, progress }); console.log(check.instance); } catch (error) { console.log(error.result?.instance, String(error.message).slice(0, 300)); }
    progress("");
    console.log(name, target, "without", (without / 1000).toFixed(2), "with", ((processor() - began) / 1000).toFixed(2), parts.join("; "));
  }
}
