/** The losses of a recorded run by the driver that is exported beside a step, with onnxruntime-web, in Node or in a page. */
export async function lossesOf(ort, openStep, { model, state, batches }) {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const trainer = await openStep(ort, bytes(model), bytes(state));
  const losses = [];
  for (const batch of batches) {
    const fed = Object.entries(batch).map(([name, { type, data, shape }]) => {
      const Numbers = type === "int32" ? Int32Array : Float32Array;
      return [name, new ort.Tensor(type, Numbers.from(data), shape)];
    });
    const loss = await trainer.step(Object.fromEntries(fed));
    // phases by name
    losses.push(
      typeof loss === "number"
        ? [loss]
        : Object.keys(loss)
            .sort()
            .map((phase) => loss[phase]),
    );
  }
  return losses;
}
