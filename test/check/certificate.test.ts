/** What is true of a certificate: every file it records is held to it, its line is made of its numbers, and another engine's last digits may carry a bound by one order, not by two. */

import { beforeAll, describe, expect, test } from "vitest";
import { sgd } from "adjoint";
import { verifyTrainer, withCertificate } from "../../compiler/check/certificate.ts";
import { compile, type Compiled } from "../../compiler/compile.ts";
import { sha256 } from "../../compiler/driver/hash.ts";
import { dense } from "../support/rules.ts";

const model = dense(() => sgd());
let compiled: Compiled;
beforeAll(async () => void (compiled = await compile(model, { entries: ["gradients"] })));
const file = (name: string): string => compiled.files.get(name)!;

/** Why it does not hold; undefined where it does. */
async function reason(
  changed: { readonly text?: string; readonly gradients?: string | undefined; readonly certificate?: string } = {},
): Promise<string | undefined> {
  const committed = { text: file("trainer.ts"), gradients: file("gradients.ts"), certificate: file("certificate.json"), model };
  const { holds, reason: why } = await verifyTrainer({ ...committed, ...changed });
  expect(holds).toBe(why === undefined);
  return why;
}

describe("gradients.ts", () => {
  test("is held to the hash that is recorded of it", async () => {
    const edited = file("gradients.ts").replace("are lost", "are kept");
    expect(edited).not.toBe(file("gradients.ts"));
    expect(await reason({ gradients: edited })).toMatch(
      /^the SHA-256 of gradients\.ts is [0-9a-f]{16}, but the certificate was made for [0-9a-f]{16}: one of them was edited; make both again with adjoint compile --entry gradients$/,
    );
    expect(await reason({ gradients: undefined })).toBe(
      "the certificate records a gradients.ts, which is missing; make it again with adjoint compile --entry gradients",
    );
  });
});

describe("the certificate line", () => {
  interface Record {
    readonly sha256: string;
    readonly tensors: readonly { readonly method: string; readonly role: string; readonly worst: number }[];
  }
  /** Trainer and certificate as if no step had shown an error above `worst`. */
  async function claiming(worst: number, bound: string): Promise<{ text: string; certificate: string }> {
    const { sha256: _, ...record } = JSON.parse(file("certificate.json")) as Record;
    const steps = (one: Record["tensors"][number]) =>
      !["forward mode", "central differences", "float32 against float64"].includes(one.method) && one.role !== "kernel";
    const claimed = { ...record, tensors: record.tensors.map((one) => (steps(one) ? { ...one, worst: Math.min(one.worst, worst) } : one)) };
    const certificate = `${JSON.stringify({ ...claimed, sha256: await sha256(JSON.stringify(claimed)) }, null, 2)}\n`;
    const line = /^\/\/ certificate: .*$/m.exec(file("trainer.ts"))![0];
    expect(line).toContain("step 1e-6");
    return { text: withCertificate(file("trainer.ts"), line.replace("step 1e-6", `step ${bound}`)), certificate };
  }

  test("holds as it was made, and one order below what is found again", async () => {
    expect(await reason()).toBeUndefined();
    expect(await reason(await claiming(1e-9, "1e-8"))).toBeUndefined();
  });

  test("does not hold two orders below", async () => {
    expect(await reason(await claiming(0, "1e-10"))).toBe("the header bounds step by 1e-10, but the check gives 1e-6");
  });

  test("says what certificate.json's numbers make of it, to the letter", async () => {
    const text = file("trainer.ts").replace("step 1e-6", "step 1e-8");
    expect(await reason({ text })).toMatch(
      /^the header says ".*step 1e-8.*", but its certificate\.json makes that ".*step 1e-6.*"; make the file again with adjoint compile$/,
    );
  });
});
