/** Guarantees that docs/coverage.md says the truth: what it calls here is here, and of each list at most fifteen names are not. */

import { expect, test } from "vitest";
import * as functions from "adjoint/functions";
import * as adjoint from "adjoint";
import { coverageOf, elsewhere, LISTS } from "../scripts/coverage.ts";

test.each(Object.keys(LISTS))("%s: each name that is said to be here exists, and few are not", (list) => {
  const { here, missing } = coverageOf(list);
  const names = elsewhere[list]!;
  const own = names.flatMap((name) => here.get(name) ?? []);
  const exists = (name: string): boolean =>
    name.startsWith("functions.") ? name.slice("functions.".length) in functions : name in adjoint;
  expect(own.filter((name) => !exists(name))).toEqual([]);
  expect(Object.keys(missing).length).toBeLessThanOrEqual(15);
  expect(names.filter((name) => here.has(name) === (missing[name] !== undefined))).toEqual([]);
});
