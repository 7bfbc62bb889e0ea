/** Every update rule by the name that Keras's users know, and all that rules are made of. */

import { adamax, nadam } from "./adam-kin.ts";
import { adafactor } from "./adafactor.ts";
import { adam, adamw } from "./adam.ts";
import { adadelta, adagrad, rmsprop } from "./adaptive.ts";
import { ftrl } from "./ftrl.ts";
import { lamb } from "./lamb.ts";
import { lion } from "./lion.ts";
import { muon } from "./muon.ts";
import { scheduleFreeAdamw } from "./schedule-free.ts";
import { sgd } from "./sgd.ts";

export { adamax, nadam, type AdamaxOptions, type NadamOptions } from "./adam-kin.ts";
export { adam, adamw, type AdamOptions } from "./adam.ts";
export { adadelta, adagrad, rmsprop, type AdadeltaOptions, type AdagradOptions, type RmspropOptions } from "./adaptive.ts";
export { adafactor, type AdafactorOptions } from "./adafactor.ts";
export { ftrl, type FtrlOptions } from "./ftrl.ts";
export { lamb, type LambOptions } from "./lamb.ts";
export { lion, type LionOptions } from "./lion.ts";
export { muon, type MuonOptions } from "./muon.ts";
export { scheduleFreeAdamw, type ScheduleFreeOptions } from "./schedule-free.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export { accumulate } from "./accumulate.ts";
export { clipByGlobalNorm, clipByNorm, clipByValue } from "./clip.ts";
export { ema } from "./ema.ts";
export { groups, type ParameterGroup, type RemainingGroup } from "./groups.ts";
export type { Rate, RateSchedule } from "./rate.ts";
export {
  cosineDecay,
  cosineRestarts,
  exponentialDecay,
  inverseSquareRoot,
  oneCycle,
  piecewise,
  polynomialDecay,
  stepDecay,
  warmup,
  type CosineRestartsOptions,
  type OneCycleOptions,
} from "./rate-schedules.ts";

/** Factories by name; each without arguments has its rule's defaults. */
export const optimizers = {
  sgd,
  adagrad,
  rmsprop,
  adam,
  adamw,
  adamax,
  nadam,
  adadelta,
  lion,
  adafactor,
  lamb,
  ftrl,
  muon,
  scheduleFreeAdamw,
} as const;
