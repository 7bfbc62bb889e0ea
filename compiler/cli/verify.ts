/** `adjoint verify`: the committed text itself is run and compared, and its certificate stands or falls. */

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { defineCommand } from "citty";
import { verifyTrainer } from "../check/certificate.ts";
import { toJson } from "./check.ts";
import { COMMON } from "./arguments.ts";
import { loadProject, type Project } from "./config.ts";
import { InputError } from "./errors.ts";
import { generatedPlaces, modelOf, TRAINERS } from "./generated.ts";
import { optionsOf, readHeader } from "./header.ts";
import type { Results, VerifyJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { BESIDE, pathAt, placeOf } from "./place.ts";
import { schedulesOf } from "./schedules.ts";
import { paint, progress, result, resultJson } from "./output.ts";
import { readText } from "./write-files.ts";

export const verify = defineCommand({
  meta: { name: "adjoint verify", description: "Recompute the certificates of generated trainers" },
  args: {
    files: { type: "positional", required: false, description: "Generated trainers (all of generated/)" },
    ...COMMON,
  },
  async run({ args }) {
    const files = args._.length > 0 ? args._ : trainers(await loadProject());
    const results: VerifyJson[] = [];
    for (const file of files) {
      progress(`${file}: verifying`);
      const verified = await verifyFile(file);
      results.push(verified);
      if (args.json !== true) result(show(verified));
    }
    const [first] = results;
    if (args.json === true) resultJson((args._.length === 1 ? first! : { results }) satisfies Results<VerifyJson>);
    process.exitCode = results.every(({ holds }) => holds) ? 0 : 1;
  },
});

function trainers(project: Project): string[] {
  const files = generatedPlaces(project)
    .flatMap((place) => TRAINERS.map(({ file }) => pathAt(place, file)))
    .filter((file) => existsSync(file));
  if (files.length === 0)
    throw new InputError(
      `${project.out === BESIDE ? "beside the models there is" : `${project.out}/ holds`} no trainer; make one with adjoint compile`,
    );
  return files;
}

/** The certificate of a trainer, which lies where that does. */
function certificateOf(trainer: string): string {
  const found = placeOf(
    trainer,
    TRAINERS.map(({ file }) => file),
  );
  const { certificate } = TRAINERS.find(({ file }) => file === found?.name) ?? TRAINERS[0]!;
  return pathAt(found?.place ?? { folder: dirname(trainer), prefix: "" }, certificate);
}

async function verifyFile(file: string): Promise<VerifyJson> {
  const text = readText(file);
  if (text === undefined)
    throw new InputError(`there is no generated file ${file} that can be read; make it with adjoint compile, or check the spelling`);
  const header = readHeader(text);
  if (header === undefined)
    throw new InputError(
      `${file} has no header of a generated file, so nothing says which model it belongs to; verify takes generated/<model>/trainer.ts, and a model is checked with adjoint check`,
    );
  const model = modelOf(file, header);
  if (model === undefined)
    throw new InputError(
      header.model === undefined
        ? `${file} was made by a program that declared its model, so only that program can verify it`
        : `the model of ${file}, ${header.model}, is not there; restore it, or remove the generated file`,
    );
  const beside = certificateOf(file);
  const certificate = readText(beside);
  if (certificate === undefined)
    throw new InputError(`${beside} is missing, so there is nothing to verify ${file} by; make it with adjoint compile ${model}`);
  const loaded = await loadModel(model);
  const gradients = readText(pathAt(placeOf(file, ["trainer.ts"])?.place ?? { folder: dirname(file), prefix: "" }, "gradients.ts"));
  const verified = await verifyTrainer({
    text,
    gradients,
    certificate,
    model: loaded.model,
    source: loaded.source,
    target: header.target,
    ...schedulesOf(loaded, header.target),
    ...optionsOf(header),
  });
  const { reason } = verified;
  return { file, ...toJson(verified), ...(reason === undefined ? {} : { reason }) };
}

const show = ({ file, holds, reason, tensors }: VerifyJson): string =>
  holds
    ? `${paint.green("CERTIFIED")}  ${file}  ${tensors.length} tensors, worst error ${Math.max(0, ...tensors.map(({ worst }) => worst)).toExponential(1)}`
    : `${paint.red("NOT CERTIFIED")}  ${file}\n    ${(reason ?? "an error is above its bound").replaceAll("\n", "\n    ")}`;
