import { exportProgram } from "/tmp/adj/w-jax/compiler/export.ts";
import { writeFileSync } from "node:fs";
for (const name of process.argv.slice(2)) {
  const { default: model } = await import(`/tmp/adj/w-jax/models/${name}.ts`);
  try {
    const bytes = await exportProgram(model, { to: "onnx-step", batch: Math.min(16, model.batch.train) });
    writeFileSync(`/tmp/adj/jaxw/${name}.onnx`, bytes);
    console.log(name, bytes.length);
  } catch (e) { console.log(name, e.stack); }
}
