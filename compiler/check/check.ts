/** One answer about a model: its gradients, the emitted step and the shipped kernels, each against something independent. */

import type { CompileOptions } from "../driver/options.ts";
import type { Lowered } from "../driver/lower.ts";
import { lower } from "../driver/lower.ts";
import { emit } from "../driver/emit.ts";
import type { Emitted } from "../targets/emitted.ts";
import { DEFAULT, type TargetName } from "../targets/index.ts";
import type { Model } from "../model/declaration.ts";
import { drawsOf } from "./domain.ts";
import { checkGeneration } from "./generation.ts";
import { prepareKernels, runText, type TextRun } from "./kernels.ts";
import type { Sampling } from "./numeric-gradient.ts";
import { smallInstance } from "./instance.ts";
import { validatePasses } from "./passes.ts";
import { isWrong, resultOf, type CheckResult, type Effort, type TensorCheck } from "./result.ts";
import { checkModelGradients } from "./small.ts";
import { checkTranslation, lowerSmall } from "./translation.ts";

export type { CheckResult, Effort, TensorCheck } from "./result.ts";

export interface CheckOptions extends Pick<CompileOptions, "source" | "passes" | "threads" | "sliced" | "relaxed" | "winograd"> {
  readonly effort: Effort;
  /** What is shipped; lowered and printed anew where it is not given. */
  readonly target?: TargetName;
  readonly lowered?: Lowered;
  readonly trainer?: Emitted;
  /** What judgeText found, where the text was judged already. */
  readonly kernels?: readonly TensorCheck[];
  readonly progress?: (text: string) => void;
  readonly seed?: number;
}

/** Coordinates and directions a tensor, elements a buffer. */
export const SIZES: Readonly<Record<Effort, Omit<Sampling, "seed"> & { readonly elements: number }>> = {
  quick: { coordinates: 1, directions: 1, elements: 256, quick: true },
  more: { coordinates: 12, directions: 2, elements: 512 },
  exhaustive: { coordinates: Infinity, directions: 4, elements: 4096 },
};

/** Checks a model as DESIGN.md says: see the files this one calls. */
export async function checkModel(model: Model, options: CheckOptions): Promise<CheckResult> {
  const { effort, progress, source, passes, threads, sliced, relaxed, winograd, target = DEFAULT.name, seed = 1 } = options;
  const from = {
    target,
    ...(source === undefined ? {} : { source }),
    ...(passes === undefined ? {} : { passes }),
    ...(threads === undefined ? {} : { threads }),
    ...(sliced === undefined ? {} : { sliced }),
    ...(relaxed === undefined ? {} : { relaxed }),
    ...(winograd === undefined ? {} : { winograd }),
  };
  const size = SIZES[effort];
  const lowered = options.lowered ?? (await lower(model, from));
  const small = { ...from, chosen: lowered.chosen };
  const { failure } = drawsOf(model, from);
  if (failure !== undefined) throw failure;
  checkGeneration(model, from, seed);
  progress?.("validating every pass");
  const loweredSmall = await lowerSmall(model, small);
  const validated = await validatePasses(model, loweredSmall, from, seed);
  progress?.("checking gradients against forward mode and central differences");
  const gradients = await drawnTwice(seed, (draw) => checkModelGradients(model, from, { ...size, seed: draw }));
  progress?.("checking the emitted step against the interpreter");
  const steps = await drawnTwice(seed, (draw) => checkTranslation(loweredSmall, small, draw));
  if (steps.some(isWrong)) validated.blameLoops();
  progress?.("checking every kernel at sampled elements");
  const shipped = async (): Promise<TextRun> => {
    const trainer = options.trainer ?? (await emit(lowered, "trainer"));
    return runText(await prepareKernels(lowered, trainer), trainer.text, size.elements, seed);
  };
  const kernels = options.kernels === undefined ? await shipped() : { rows: options.kernels };
  const result = resultOf(model.name, [...gradients, ...steps, ...kernels.rows], smallInstance(model, from).told);
  return kernels.first === undefined ? result : { ...result, first: kernels.first };
}

/** Far from every seed that is derived from the first. */
const SECOND = 1_000_003;

/** What is wrong is looked at once more with other contents: what the compiler does wrong is wrong there too. */
async function drawnTwice(seed: number, check: (seed: number) => Promise<TensorCheck[]>): Promise<TensorCheck[]> {
  const first = await check(seed);
  if (!first.some(isWrong)) return first;
  const second = await check(seed + SECOND);
  return first.map((row, n) => {
    const other = second[n];
    if (!isWrong(row) || other === undefined || isWrong(other)) return row;
    return {
      ...row,
      worst: 0,
      at: "",
      unjudged: `of two draws of weights and inputs it holds for one, and is off by ${row.worst.toExponential(0)} in the other`,
    };
  });
}

const describe = ({ name, method, worst, bound, at }: TensorCheck): string =>
  `${name}, by ${method}: the worst error is ${worst.toExponential(1)} at ${at}, above ${bound.toExponential(0)}`;

/** What failed and what to do, as one paragraph. */
export function explainFailure({ model, tensors }: CheckResult): string {
  const failed = tensors.filter(isWrong);
  const remedy =
    "No trainer was written. See all tensors with adjoint check; if the model's own mathematics is in order, this is a fault of the compiler";
  return `the check of ${JSON.stringify(model)} does not hold: ${failed.slice(0, 3).map(describe).join("; ")}${failed.length > 3 ? `; and ${failed.length - 3} more` : ""}. ${remedy}`;
}
