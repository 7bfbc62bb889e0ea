/** What the text of every emitted file says: it stands alone, type-checks under every flag, reads as its mathematics, and nothing in a step could allocate. */

import { input, labels, matmul, model, mse, mul, pad, param, relu, sgd, slice, softmaxCrossEntropy, sum, zeros } from "adjoint";
import { Project, SyntaxKind, type FunctionDeclaration, type Node, type SourceFile, type Statement } from "ts-morph";
import { beforeAll, describe, expect, test } from "vitest";
import type { TrainerModule } from "../compiler/compile.ts";
import { emit, format } from "../compiler/driver/emit.ts";
import { lower, type Lowered } from "../compiler/driver/lower.ts";
import { importText, stripTypes } from "../compiler/targets/strip.ts";
import { modelNames, lowered, modelText } from "./support/models.ts";
import { complaintsAbout } from "./support/typecheck.ts";

interface Emitted {
  readonly one: Lowered;
  readonly text: string;
  readonly file: SourceFile;
}

const project = new Project({ useInMemoryFileSystem: true });
const emitted = new Map<string, Emitted>();
beforeAll(async () => {
  for (const name of modelNames)
    for (const kind of ["trainer", "gradients"] as const) {
      const one = await lowered(name, {}, kind);
      const text = (await emit(one, kind)).text;
      emitted.set(`${name} ${kind}`, { one, text, file: project.createSourceFile(`${name}-${kind}.ts`, text) });
    }
}, 180_000);

test("TypeScript has nothing to say, under every flag", async () => {
  const texts = new Map([...emitted].map(([name, { text }]) => [name.replace(" ", "-"), text]));
  // each phase reads what the other does not
  const phased = model("phased", { batch: 4 }, ({ batch }) => {
    const scores = matmul(input("x", [batch, 2]), param("W", [2, 3], zeros()));
    const [fit, rank] = [mse(scores, input("t", [batch, 3])), softmaxCrossEntropy(scores, labels("y", [batch], { classes: 3 }))];
    return {
      phases: [
        { name: "fit", loss: fit, optimizer: sgd() },
        { name: "rank", loss: rank, optimizer: sgd() },
      ],
      outputs: { scores },
    };
  });
  texts.set("phased", (await emit(await lower(phased), "trainer")).text);
  expect(complaintsAbout(texts)).toEqual([]);
}, 120_000);

test("no guard compares two numbers: between two elements a gradient is known to be 0", async () => {
  const net = model("interior", {}, () => {
    const w = param("w", [1], zeros());
    const ends = slice(pad(w, [[1, 1]]), [0], [3], [2]);
    return { loss: sum(mul(input("x", [2]), ends)), optimizer: sgd({ learningRate: 0.1 }) };
  });
  const text = (await emit(await lower(net), "trainer")).text;
  expect(text).not.toMatch(/\(\d+ === \d+/);
});

const functionNamed = (file: SourceFile, name: string): FunctionDeclaration =>
  file.getDescendantsOfKind(SyntaxKind.FunctionDeclaration).find((f) => f.getName() === name)!;

/** The function of an entry point; one of several phases has its phase's name. */
const FUNCTION_OF: Readonly<Record<string, string>> = { train: "step", evaluate: "evaluate", predict: "predict", gradients: "gradients" };
/** `// <mathematics>    %<nodes>  <why>, <file>:<lines>`, the first line of a statement after its number. */
const DOC = /^\/\/ (?:\d+\. )?(.+) {1,4}(%.+?) {1,2}(\w[^%]*), (models\/[\w-]+\.ts):([\d, ]+)$/;
const LAW = /^adjoint of [^(]+ \(statement [\d, ]+\): .*d_\w+ = .+$/;

/** Comments as they were before they were wrapped. */
const unwrapped = (lines: readonly string[]): string[] =>
  lines.reduce<string[]>((all, text) => {
    const more = /^\/\/ {5}(.*)$/.exec(text)?.[1];
    return more === undefined ? [...all, text] : [...all.slice(0, -1), `${all.at(-1)!} ${more}`];
  }, []);
/** What engines compute alike, to the bit. */
const EXACT = ["abs", "floor", "fround", "imul", "max", "min", "sign", "sqrt", "trunc"];
/** What would reach beyond the file. */
const REACHING = ["eval", "Function", "globalThis", "process", "require", "self", "window", "fetch"];

describe.each(modelNames.flatMap((name) => [`${name} trainer`, `${name} gradients`]))("%s", (name) => {
  // prettier-ignore
  const model = name.split(" ")[0]!;

  test("stands alone: no import, no any, no cast, no suppression, none of the engine's own transcendentals", () => {
    const { file, text } = emitted.get(name)!;
    for (const kind of [
      SyntaxKind.ImportDeclaration,
      SyntaxKind.ImportKeyword,
      SyntaxKind.AnyKeyword,
      SyntaxKind.AsExpression,
      SyntaxKind.AsteriskAsteriskToken,
    ])
      // prettier-ignore
      expect(file.getDescendantsOfKind(kind).map((node) => node.getText())).toEqual([]);
    expect(text).not.toMatch(/@ts-|eslint-|prettier-ignore/);
    const called = new Set([...text.matchAll(/\bMath\.(\w+)/g)].map(([, fn]) => fn!));
    expect([...called].filter((fn) => !EXACT.includes(fn) && fn !== "PI")).toEqual([]); // a number, the same everywhere
    const names = file.getDescendantsOfKind(SyntaxKind.Identifier).map((id) => id.getText());
    expect(names.filter((id) => REACHING.includes(id))).toEqual([]);
  });

  test("has no comment wider than 140 columns, unless of one word", () => {
    const wide = emitted
      .get(name)!
      .text.split("\n")
      .filter((text) => text.length > 140 && /^\s*(\/\/|\*|\/\*\*)/.test(text));
    expect(wide.filter((text) => !/^\s*(\/\/|\*) +\S+$/.test(text))).toEqual([]);
  });

  test("is what prettier would print", async () => {
    const { text } = emitted.get(name)!;
    expect(await format(text)).toBe(text);
  });

  test("every statement stands under its mathematics, with graph node and model line", () => {
    const { file, one } = emitted.get(name)!;
    const lines = modelText(model).split("\n");
    for (const entry of one.module.entries) {
      const body = statementsIn(functionNamed(file, FUNCTION_OF[entry.name] ?? entry.name));
      const comments = body.map((s) => unwrapped(s.getLeadingCommentRanges().map((c) => c.getText())));
      const first = comments.findIndex((texts) => texts.some((text) => text.startsWith("// 1. ")));
      // what precedes the first statement feeds the inputs; what follows the last one returns
      expect(body.slice(first).map((s) => s.getKindName() === "ReturnStatement")).toEqual([...entry.calls.map(() => false), true]);
      entry.calls.forEach((call, n) => {
        const all = comments[first + n]!;
        // above its number may stand regions, rules and headings
        const docs = all.slice(all.findIndex((text) => text.startsWith(`// ${n + 1}. `)));
        expect(docs.length).toBeGreaterThan(0);
        const told = docs.flatMap((line) => {
          expect(line).toMatch(DOC);
          const [, , nodes, why, cited, at] = DOC.exec(line)!;
          expect(cited).toBe(`models/${model}.ts`);
          if (why!.startsWith("adjoint")) expect(why).toMatch(LAW);
          const differentiated = [...why!.matchAll(/\(statement ([\d, ]+)\)/g)].flatMap(([, list]) => list!.split(", ").map(Number));
          for (const statement of differentiated) expect(entry.calls[statement - 1]).toBeDefined();
          for (const one of at!.split(", ")) expect(lines[Number(one) - 1]!.trim()).not.toBe("");
          return nodes!.split(/, |…/).map((node) => node.slice(1));
        });
        const nodes = call.doc.map(({ node }) => node);
        expect(told.filter((node) => !nodes.includes(node))).toEqual([]);
      });
    }
  });

  test("has no fact in its tables that the plan does not have", async () => {
    const { one, text } = emitted.get(name)!;
    const exports = await importText<TrainerModule>(await stripTypes(text));
    expect(exports.ARENA_BYTES).toBe(one.module.arenaBytes);
    const rows = [...exports.PARAMETERS, ...exports.STATE].map(({ name: of, offset, shape, dtype }) => [of, offset, shape, dtype]);
    const kept = ["parameter", "state"].flatMap((of) => one.module.buffers.filter(({ role }) => role === of));
    expect(rows).toEqual(
      kept.map(({ name: of, shape, dtype }) => [of, one.module.slots.find(({ buffer }) => buffer === of)!.offset, shape, dtype]),
    );
  });
});

test("the comment of a gradient is the one that the contract shows", () => {
  const { text } = emitted.get("mnist-mlp trainer")!;
  const at =
    modelText("mnist-mlp")
      .split("\n")
      .findIndex((line) => line.includes("matmul(x, W1)")) + 1;
  expect(text).toMatch(
    new RegExp(`    // \\d+\\. d_W1 = xᵀ · d_z1    %d_W1  adjoint of dot \\(statement 1\\): d_b = aᵀ·d_y, models/mnist-mlp\\.ts:${at}\n`),
  );
});

/** The statements of an entry in order, those of loops over turns among them. */
const statementsIn = (of: FunctionDeclaration): Statement[] =>
  of.getStatements().flatMap((one) => {
    const loop = one.asKind(SyntaxKind.ForStatement);
    const turns = loop?.getInitializer()?.getText().startsWith("let t = ") === true;
    return turns ? loop!.getStatement().asKindOrThrow(SyntaxKind.Block).getStatements() : [one];
  });

/** Whether a function is a kernel's own, or one that it shares with others: of the same op, its rows being N, or with an equal one of another entry. */
const standsFor = (name: string, kernel: string): boolean =>
  name === kernel || withoutEntry(name) === withoutEntry(kernel) || (/_(?:\d+x)*N(?=x|_|$)/.test(name) && opOf(name) === opOf(kernel));
/** What a kernel computes, and of which extents: what stands behind them is the entry, or the phase. */
const withoutEntry = (kernel: string): string => kernel.replace(/(?:_[2-9])?(?<=\d)(?:_[a-z]+)?$/, "");
const opOf = (kernel: string): string => kernel.slice(0, kernel.indexOf("_"));

test.each(modelNames)("%s: each call goes to its kernel, bound once to the arrays that the plan gives it", (name) => {
  const {
    file,
    one: { module },
  } = emitted.get(`${name} trainer`)!;
  const constant = (of: string) => file.getFunctionOrThrow("createTrainer").getVariableDeclaration(of)?.getInitializer();
  // of one that each turn has of its own, where it begins at the first slice
  const address = (view: string): number => {
    const text = constant(view.replace(/\[t\]!$/, ""))!.getText();
    // the same windows under another name
    if (/^\w+$/.test(text)) return address(text);
    const [, at] = /\b(?:floats|ints|doubles)\((.+), \d+,?\s*\)\s*,?\s*\)?$/s.exec(text)!;
    return new Function("t", `return ${at}`)(0) as number;
  };
  const slots = new Map(module.slots.map(({ buffer, offset }) => [buffer, offset]));
  const bound = new Map<string, string>();
  for (const entry of module.entries) {
    const isKernel = (name: string): boolean => module.kernels.some((kernel) => standsFor(name, kernel.name));
    const calls = statementsIn(functionNamed(file, FUNCTION_OF[entry.name] ?? entry.name))
      .map((s) => s.asKind(SyntaxKind.ExpressionStatement)?.getExpressionIfKind(SyntaxKind.CallExpression))
      .filter(
        (call) =>
          call !== undefined && (constant(call.getExpression().getText()) !== undefined || isKernel(call.getExpression().getText())),
      );
    const planned = entry.calls.filter((call) => call.kind === "call");
    expect(calls.length).toBe(planned.length);
    planned.forEach(({ kernel, args }, n) => {
      const to = calls[n]!.getExpression().getText();
      const direct = calls[n]!.getArguments().map((one) => one.getText());
      if (constant(to) === undefined) {
        // in a loop a kernel is given the arrays of the turn
        expect(standsFor(to, kernel), `${to} for ${kernel}`).toBe(true);
        expect(direct.slice(0, args.length).map(address)).toEqual(args.map((arg) => slots.get(arg)));
        return;
      }
      expect(direct).toEqual([]);
      const made = constant(to)!.asKindOrThrow(SyntaxKind.CallExpression);
      const [arrays, rows] = made.getArguments().toReversed() as [Node, Node?];
      const name = made.getExpression().getText();
      // several kernels may be one function that is given their rows
      expect(standsFor(name, kernel), `${name} for ${kernel}`).toBe(true);
      if (rows === undefined) expect(withoutEntry(name)).toBe(withoutEntry(kernel));
      else expect([...kernel.split(/[_x]/), "1"]).toContain(rows.getText()); // what has no rows is one
      const given = arrays.asKindOrThrow(SyntaxKind.ObjectLiteralExpression).getProperties();
      const views = given.map((one) => one.asKind(SyntaxKind.PropertyAssignment)?.getInitializerOrThrow().getText() ?? one.getText());
      expect(views.map(address)).toEqual(args.map((arg) => slots.get(arg)));
      const key = [name, rows?.getText(), ...args].join();
      expect(bound.get(key) ?? to).toBe(to);
      bound.set(key, to);
    });
  }
  expect(new Set(bound.values()).size).toBe(bound.size);
});

test("a kernel that each entry calls once is its entry's own, so that an engine compiles it for one closure; WebAssembly's are shared", async () => {
  const net = model("twice", { batch: { train: 4, evaluate: 4, predict: 4 } }, ({ batch }) => {
    const hidden = relu(matmul(input("x", [batch, 30]), param("V", [30, 8], zeros())));
    const y = matmul(hidden, param("W", [8, 5], zeros()));
    return { loss: mse(y, input("t", [batch, 5])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
  });
  const dots = async (target: "typescript" | "wasm") =>
    (await lower(net, { target })).module.entries.map(({ calls }) =>
      calls.flatMap((call) => (call.kind === "call" && call.kernel.startsWith("dotRelu_4x30x8") ? [call.kernel] : [])),
    );
  expect(await dots("typescript")).toEqual([["dotRelu_4x30x8"], ["dotRelu_4x30x8_evaluate"], ["dotRelu_4x30x8_predict"]]);
  expect(await dots("wasm")).toEqual([["dotRelu_4x30x8"], ["dotRelu_4x30x8"], ["dotRelu_4x30x8"]]);
});

// nothing that could allocate

/** Expressions that make an object wherever an engine does not prove it away. */
const MAKES = [
  SyntaxKind.NewExpression,
  SyntaxKind.ObjectLiteralExpression,
  SyntaxKind.ArrayLiteralExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.FunctionExpression,
  SyntaxKind.TemplateExpression,
  SyntaxKind.SpreadElement,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.ClassExpression,
  SyntaxKind.YieldExpression,
  SyntaxKind.AwaitExpression,
];
/** Methods that return a number, nothing or their own array, and make nothing. */
const METHODS = [
  "set",
  "fill",
  "copyWithin",
  "isInteger",
  "isSafeInteger",
  "isFinite",
  "isArray",
  "isView",
  "includes",
  "hasOwn",
  ...EXACT,
];

/** What in a function could allocate, but for the errors it throws. */
const allocatingIn = (of: Node): string[] =>
  of
    .getDescendants()
    .filter((node) => node.getFirstAncestorByKind(SyntaxKind.ThrowStatement) === undefined)
    .filter((node) => {
      const method = node.asKind(SyntaxKind.CallExpression)?.getExpression().asKind(SyntaxKind.PropertyAccessExpression);
      return MAKES.includes(node.getKind()) || (method !== undefined && !METHODS.includes(method.getName()));
    })
    .map((node) => node.getText());

test.each(modelNames)("%s: nothing in step, nor in what it calls, makes an object", (name) => {
  const { file, one } = emitted.get(`${name} trainer`)!;
  // rows of tables are made when the file is loaded;
  // wrapAngle reduces angles above 2²⁰ by exact integers, which are objects to V8: no model's angle comes near; shown is part of messages
  const outer = file
    .getFunctions()
    .filter((f) => !["createTrainer", "stateRow", "parameterRow", "wrapAngle", "shown"].includes(f.getName() ?? ""));
  // a kernel's loops are what the function that binds them gives back
  const loops = outer.map((f) =>
    f.getStatements().at(-1)?.asKind(SyntaxKind.ReturnStatement)?.getExpressionIfKind(SyntaxKind.FunctionExpression),
  );
  const bound = outer.flatMap((f, n) => (loops[n] === undefined ? [] : [f.getName()!]));
  const kernels = one.module.kernels.map(({ name }) => name);
  // those of loops are given their arrays each turn
  const all = outer.map((f) => f.getName()!);
  expect(kernels.filter((kernel) => !all.some((name) => standsFor(name, kernel)))).toEqual([]);
  expect(bound.filter((name) => !kernels.some((kernel) => standsFor(name, kernel)))).toEqual([]);
  // a step of several phases returns a record of their losses; the phases themselves make nothing
  const steps = one.facts.phases.length === 1 ? ["step"] : one.facts.phases;
  expect(
    [
      ...steps.map((step) => functionNamed(file, step)),
      ...outer.flatMap((f, n) => (loops[n] === undefined ? [f] : [loops[n].getBody(), ...f.getFunctions()])),
    ].flatMap(allocatingIn),
  ).toEqual([]);
});

test.each([
  ["a typed array", "new Float32Array(4)"],
  ["an object", "({ at: 1 })"],
  ["an array", "[x, x]"],
  ["a closure", "() => x"],
  ["a string", "`${x}`"],
  ["a view", "view.subarray(1)"],
])("%s made in a step would be seen", (_, expression) => {
  const file = project.createSourceFile("made.ts", `function step(x: number) { const made = ${expression}; }`, { overwrite: true });
  expect(allocatingIn(functionNamed(file, "step"))).toHaveLength(1);
});
