/** What is true of an edited trainer: with its hash it is refused at once, and without it for what it computes, by the first kernel and tensor that differ. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { verifyTrainer } from "../compiler/check/certificate.ts";
import { lower } from "../compiler/driver/lower.ts";
import { mutate, type Subject } from "./mutate/campaign.ts";
import { allEdits, edited } from "./mutate/edits.ts";
import { whyEquivalent } from "./mutate/equivalent.ts";
import { modelOf, modelText } from "./support/models.ts";

const generated = (name: string, file: string): string =>
  readFileSync(fileURLToPath(new URL(`../generated/${name}/${file}`, import.meta.url)), "utf8");

const subject = async (name: string): Promise<Subject> => ({
  name,
  model: await modelOf(name),
  source: { path: `models/${name}.ts`, text: modelText(name) },
  text: generated(name, "trainer.ts"),
});

describe("with the hashes left out", () => {
  test.each([
    ["circuit", 8],
    ["polar", 16],
    ["mnist-mlp", 8],
  ] as const)("edits of %s are caught, or argued to be equivalent", async (name, count) => {
    const outcomes = await mutate(await subject(name), count, 20);
    expect(outcomes.length).toBe(count);
    for (const outcome of outcomes) expect(outcome.reason ?? whyEquivalent(outcome), JSON.stringify(outcome)).toBeDefined();
    const caught = outcomes.flatMap(({ reason }) => reason ?? []);
    expect(caught.length).toBeGreaterThanOrEqual(count - 2);
    // the entry, the kernel and the tensor, by how much and where; or that it no longer runs
    for (const reason of caught)
      expect(reason).toMatch(
        /^(\w+: (\S+ → \S+|returns \S+) differs by (\d\.\de[+-]\d+|NaN|Infinity) at \S+\[\d+\](, past its end)?|the file does not run as its plan says: .+)$/,
      );
  });
});

test("with the hashes, every edit is refused", async () => {
  const { model, source, text } = await subject("circuit");
  const { module, facts } = await lower(model, { source });
  const edits = allEdits(module, facts.phases, text);
  expect(edits.length).toBeGreaterThan(8);
  for (const edit of edits) {
    const { holds, reason } = await verifyTrainer({
      text: edited(text, edit),
      certificate: generated("circuit", "certificate.json"),
      model,
      source,
    });
    expect(holds).toBe(false);
    expect(reason).toMatch(
      /^the file's SHA-256 is [0-9a-f]{16}, but its certificate was made for [0-9a-f]{16}: one of them was edited; make both again with adjoint compile$/,
    );
  }
});
