/** The engines that graphs are exported to, one line each. */

import type { Engine } from "./engine.ts";
import { jax, stablehlo } from "./jax/index.ts";
import { onnxStepEngine } from "./onnx-step/index.ts";
import { onnx } from "./onnx/index.ts";

export const ENGINES: readonly Engine[] = [onnx, jax, stablehlo, onnxStepEngine];
