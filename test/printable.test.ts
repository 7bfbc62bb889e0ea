/** What is true of text from files and models wherever it is printed: no terminal obeys it, no Markdown and no SVG takes it for its own. */

import { dense, input, model, mse, sgd } from "adjoint";
import { expect, test } from "vitest";
import { compile } from "../compiler/compile.ts";
import { printDiagnostic } from "../compiler/graph/error.ts";
import { inline, table } from "../compiler/targets/markdown.ts";
import { curvesSvg, curvesText, DataError, loadCheckpoint, readCsv, restoreCheckpoint, saveCheckpoint } from "../runtime/index.ts";
import { progress } from "../runtime/node/index.ts";
import { printable, printableLines } from "../runtime/printable.ts";

const HOSTILE = "\x1b[31m\x9b2J\x07 a\r\nb\u2028\u202e<img src=x onerror=alert(1)>|`c`[d](e)\\";
const SEEN = "\\u001b[31m\\u009b2J\\u0007 a\\u000d\\u000ab\\u2028\\u202e<img src=x onerror=alert(1)>|`c`[d](e)\\";
/** What a terminal would obey, or would not show. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test("what is not visible is written out, once; several lines keep their ends", () => {
  expect(printable(HOSTILE)).toBe(SEEN);
  expect(printable(SEEN)).toBe(SEEN);
  expect(printableLines("a\tb\n\x1bc\r\n")).toBe("a\tb\n\\u001bc\\u000d\n");
  expect(printable("\u{e0041} é 漢 😀")).toBe("\\udb40\\udc41 é 漢 😀");
});

test("Markdown: neither markup nor a cell of its own, and names that are none stay as they are", () => {
  expect(inline(HOSTILE)).toBe(
    "\\u001b[31m\\u009b2J\\u0007 a\\u000d\\u000ab\\u2028\\u202e&lt;img src=x onerror=alert(1)>|\\`c\\`[d\\](e)\\",
  );
  for (const plain of ["d_W1 = xᵀ · d_z1", "d_z1 = d_z1_lt ? d_hidden : 0", "[0 < hidden]", "dotRelu_32x784x128", "a & b", "x[i,j] − 2"])
    expect(inline(plain)).toBe(plain);
  expect(inline("_a_ &lt; ~b~ *c* https://d \\*")).toBe("\\_a\\_ &amp;lt; \\~b\\~ \\*c\\* https\\://d \\\\\\*");
  expect(table(["name", "n"], [["a|b\\|c", 1]]).at(-1)).toBe("| a\\|b\\\\\\|c | 1 |");
});

test("report.md of a model whose name and parameters are hostile", async () => {
  const hostile = model(HOSTILE, { batch: 2 }, ({ batch }) => {
    const x = input("x", [batch, 3]);
    return { loss: mse(dense(3, { name: "\x1b<img>|`\u202e" })(x), x), optimizer: sgd() };
  });
  const { files } = await compile(hostile, { effort: "none" });
  const report = files.get("report.md")!;
  expect(report.split("\n")[0]).toBe(
    "# \\u001b[31m\\u009b2J\\u0007 a\\u000d\\u000ab\\u2028\\u202e&lt;img src=x onerror=alert(1)>|\\`c\\`[d\\](e)\\",
  );
  expect(report).not.toContain("<img");
  const rows = report.split("\n").filter((line) => line.startsWith("|"));
  const cells = (row: string): number => row.replace(/\\\\|\\\|/g, "").split("|").length;
  rows.forEach((row, n) => {
    const head = rows.slice(0, n + 1).findLast((_, k) => rows[k + 1]?.startsWith("| ---"));
    expect(cells(row)).toBe(cells(head!));
  });
  for (const [name, text] of files) expect([name, text.split("\n").filter((line) => OBEYED.test(line))]).toEqual([name, []]);
}, 30_000);

test("SVG, and the curves in a terminal", () => {
  const history = { epochs: [{ epoch: 1, [`${HOSTILE}\ud800\uffff`]: 1 }] };
  expect(curvesSvg(history)).toContain(
    'font-weight="600">\\u001b[31m\\u009b2J\\u0007 a\\u000d\\u000ab\\u2028\\u202e&lt;img src=x onerror=alert(1)&gt;|`c`[d](e)\\\ufffd\ufffd</text>',
  );
  expect(curvesText(history, { color: false }).split("\n")[0]).toBe(`${SEEN}\ud800\uffff  training`);
});

test("lines of progress", () => {
  let said = "";
  const shown = progress({ stream: { write: (text) => (said += text) }, env: {}, now: () => 0 });
  shown.onEpoch({ epoch: 1, [HOSTILE]: 0.5 } as { readonly epoch: number });
  expect(said).toBe(`epoch 1  ${SEEN} 0.5000  0.0s\n`);
});

test("errors: of files, checkpoints and models", () => {
  const csv = new TextEncoder().encode('a,"\x1b]0;b\x07"\n1,x\n');
  expect(() => readCsv(csv, "f\x1b.csv")).toThrowError(
    new DataError(
      'f\\u001b.csv, row 1 (line 2), column \\u001b]0;b\\u0007 holds "x", no finite float32 number; mend the cell, take the column out, or name it as the label',
    ),
  );
  const tables = (name: string) => ({ PARAMETERS: [{ name, shape: [1], dtype: "f32" as const }], STATE: [] });
  const trainer = { bytes: () => new Uint8Array(4), restore: () => {}, hyper: {}, stepCount: 0 };
  const checkpoint = loadCheckpoint(saveCheckpoint(tables("\x1b[2J"), trainer), "f");
  expect(() => restoreCheckpoint(tables("W"), trainer, checkpoint)).toThrowError(
    new DataError(
      "f lacks W, which the model declares as f32[1]; holds \\u001b[2J as f32[1], which the model does not have; it belongs to another model: give this run a store of its own, or use the trainer that wrote it",
    ),
  );
  const said = printDiagnostic({
    code: "c",
    severity: "error",
    site: "m\x1b.ts:1",
    law: "law \x1b",
    operands: [{ label: "a", name: "%\x1b[2J\n", type: { dtype: "f32", shape: [1] } }],
    remedy: "remedy \x9b",
    frame: "> 1 | \x1b",
  });
  expect(said).toBe("m\\u001b.ts:1\n\n> 1 | \\u001b\n\n  law \\u001b\n\n    a  %\\u001b[2J\\u000a  f32[1]\n\n  remedy \\u009b");
});
