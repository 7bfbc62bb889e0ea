/** Guarantees that the text of a graph and the graph say the same, whatever its names, and that a wrong text is told where and why. */

import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attr, Graph, Node, Origin, Result, Value } from "../../compiler/graph/graph.ts";
import { VerifyError } from "../../compiler/graph/error.ts";
import { parseGraph, parseType } from "../../compiler/graph/parse.ts";
import { isLiteral, literal, normaliseLiterals, printGraph } from "../../compiler/graph/print.ts";
import { f32, type, type DType } from "../../compiler/graph/type.ts";

// The layer of ARCHITECTURE.md, section 5, with an alias, a loss and a write.
const hidden = `graph hidden {
  %x     = input                             : f32[32,784]
  %w     = param                             : f32[784,128]
  %b     = param                             : f32[128]
  %xw    = dot %x %w                         : f32[32,128]    @ models/mnist-mlp.ts:6
  %bias  = broadcast %b {axes=[0] size=[32]} : f32[32,128]    @ models/mnist-mlp.ts:6
  %pre   = add %xw %bias                     : f32[32,128]    @ models/mnist-mlp.ts:6
  %h     = relu %pre                         : f32[32,128]    @ models/mnist-mlp.ts:6
  %d_h   = input                             : f32[32,128]
  %live  = lt 0 %h                           : bool[32,128]   ~ h: relu: y = relu(x), y' = [y > 0] @ models/mnist-mlp.ts:6
  %d_pre = where %live %d_h 0                : f32[32,128]    ~ h: relu: d_x = d_y ⊙ y'
  %d_b   = sum %d_pre {axes=[0]}             : f32[128]       ~ bias: broadcast: d_x = Σ over the broadcast axes
  %x_t   = transpose %x {order=[1,0]}        : f32[784,32]    ~ xw: dot: d_b = aᵀ·d_y
  %d_w   = dot %x_t %d_pre                   : f32[784,128]   ~ xw: dot: d_b = aᵀ·d_y @ models/mnist-mlp.ts:6
  %step  = mul %d_w -1e-8                    : f32[784,128]   ! w: w ← w − η·d_w
  %d_xw  = alias %d_pre {maths="d_a = d_y"}                   ~ pre: add: d_a = d_y @ models/mnist-mlp.ts:6

  return h=%h  d_b=%d_b  loss train=0.5  write %w ← %step
}
`;

const long = `graph "a \\"graph\\"" {
  %"the first"                         = input                                                    : f32[]
  %second.with_a_long_name             = where %"the first" true -inf nan -0 3i32 2f64 -infi32    : f32[2]
  %"3"                                 = "an op" {a=[[0,1],[2],[]] b="true" c=true d=inf e="1 2"} : f32[2]   @ " a b"
  %third_with_an_even_longer_name_than = neg %"3"                                                 : f32[2]   ~ "a b": neg: "a @ b" @ a @ b

  return
    loss=%second.with_a_long_name
    loss loss=%third_with_an_even_longer_name_than
    "a=b"=%"the first"
    write %"3" ← 0.5
}
`;

describe("canonical text", () => {
  it.each([hidden, long, "graph mnist-mlp {\n  return\n}\n"])("prints as it was read", (text) => {
    expect(printGraph(parseGraph(text))).toBe(text);
  });

  it("reads comments, blank lines and any spacing", () => {
    const loose = hidden
      .replace("{\n", "{\n\n  // forward\n")
      .replace("  %d_h ", "\n\t// backward\n\n%d_h ")
      .replace("  return h=%h  ", "\n  return\r\n\n // %x\n h=%h ")
      .replaceAll(/ {2,}:/g, " :");
    expect(parseGraph(loose)).toEqual(parseGraph(hidden));
  });

  it("shares equal literals, right before their first reader", () => {
    const text = "graph g {\n%a = add 0 -0 : f32[]\n%b = add 0i32 0 : f32[]\nreturn y=1 z=0\n}";
    const { nodes, results } = parseGraph(text);
    expect(nodes.map(({ name }) => name)).toEqual(["0", "-0", "a", "0i32", "b", "1"]);
    expect(nodes[4]!.inputs).toEqual([3, 0]);
    expect(results.map(({ value }) => value)).toEqual([5, 0]);
  });

  it("prints a literal of higher rank as a node", () => {
    const text = "graph g {\n  %c = literal {value=0} : f32[2]\n\n  return y=%c\n}\n";
    expect(printGraph(parseGraph(text))).toBe(text);
  });

  it("keeps an attribute named __proto__", () => {
    const [node] = parseGraph("graph g {\n%c = f {__proto__=[1]} : f32[2]\nreturn\n}").nodes;
    expect(Object.entries(node!.attrs)).toEqual([["__proto__", [1]]]);
  });
});

describe("parseType", () => {
  it("reads what printType prints", () => {
    expect(parseType("f32[32,784]")).toEqual(f32(32, 784));
    expect(parseType("bool[]")).toEqual(type("bool", []));
  });
  it.each(["f33[2]", "f32[2", "f32[-1]", "f32[2,]", "f32[2] ", "f32[02]", ""])("refuses %j", (text) => {
    expect(() => parseType(text)).toThrow(new VerifyError(text, `expected a type like f32[32,784], found ${JSON.stringify(text)}`));
  });
});

describe("any graph", () => {
  const hostile = fc.oneof(
    fc.constantFrom("", " ", "a b", "x", "true", "inf", "nan", "0", "1e5", "-0", "*/", "//", "// x", '"'),
    fc.constantFrom("a\nb", "\r\n", "a: b", ": ", "@", "a @ b", "~", "!", "%x", "←", "}", "{", "\\", "\\n"),
    fc.constantFrom("\u2028", "\ud800", "\u202e", "\ufeff", "𝒙", "é", "d_b = aᵀ·d_y", "alias", "return"),
    fc.constantFrom("literal", "write", "loss", "graph", "models/mnist-mlp.ts:6", "${x}", "`", "x.y", "x-y"),
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'a0._-:@~!%"\\ \n={}[],/←') }),
    fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    }),
  );
  const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e21, 1e-7));
  const { attr } = fc.letrec<{ attr: Attr }>((tie) => ({
    attr: fc.oneof({ maxDepth: 3 }, number, hostile, fc.boolean(), fc.array(tie("attr"), { maxLength: 3 })),
  }));
  const dtype = fc.constantFrom<DType>("f32", "f64", "i32", "bool");
  const plain = { noNullPrototype: true };
  const law = { of: hostile, rule: hostile };
  const why = fc.oneof(
    fc.record({ role: fc.constant("primal" as const) }, plain),
    fc.record({ role: fc.constant("update" as const), ...law }, plain),
    fc.record({ role: fc.constant("cotangent" as const), op: hostile, ...law }, plain),
  );
  const place = fc.record({ site: hostile, within: hostile }, { requiredKeys: ["site"], ...plain });
  const origin: fc.Arbitrary<Origin> = fc.tuple(why, place).map(([role, where]) => ({ ...role, ...where }));
  const pick = fc.nat(); // a value, modulo how many there are
  const attrs = fc.dictionary(hostile, attr, { maxKeys: 3, ...plain });
  const shape = fc.array(fc.nat(2000), { maxLength: 3 });
  const draft = fc.oneof(
    fc.record({
      op: hostile,
      inputs: fc.array(pick, { maxLength: 3 }),
      attrs,
      dtype,
      shape,
      origin,
    }),
    fc.record({ dtype, value: number, name: hostile, origin }),
  );
  const result = fc.record({
    kind: fc.constantFrom("output", "loss", "write"),
    name: hostile,
    target: pick,
    value: pick,
  });
  const drafts = fc.record({
    name: hostile,
    names: fc.uniqueArray(hostile, { minLength: 12, maxLength: 12 }),
    nodes: fc.array(draft, { maxLength: 8 }),
    aliases: fc.array(fc.record({ value: pick, maths: hostile, origin }), { maxLength: 3 }),
    results: fc.array(result, { maxLength: 4 }),
  });

  const graphs: fc.Arbitrary<Graph> = drafts.map(({ name, names, nodes: bodies, ...rest }) => {
    const fresh = names[Symbol.iterator]();
    const nodes: Node[] = [];
    const at = (value: number): Value => (value % nodes.length) as Value;
    for (const body of bodies)
      if ("value" in body) nodes.push({ ...literal(body.dtype, body.value), name: body.name, origin: body.origin });
      else {
        const inputs = nodes.length === 0 ? [] : body.inputs.map(at);
        const { op, attrs, dtype, shape, origin } = body;
        nodes.push({
          op,
          name: fresh.next().value!,
          inputs,
          attrs,
          type: type(dtype, shape),
          origin,
        });
      }
    const some = nodes.length > 0;
    const aliases = some ? rest.aliases.map((a) => ({ ...a, name: fresh.next().value!, value: at(a.value) })) : [];
    const results = rest.results.map(({ kind, name, target, value }): Result =>
      kind === "write"
        ? { kind, target: at(target), value: at(value) }
        : { kind: kind === "loss" ? "loss" : "output", name, value: at(value) },
    );
    return { name, nodes, aliases, results: some ? results : [] };
  });

  const hold = (law: (graph: Graph) => void): void => fc.assert(fc.property(graphs, law), { numRuns: 1000 });

  it("is read back from its text, its literals in normal form", () => {
    hold((graph) => {
      deepStrictEqual(parseGraph(printGraph(graph)), normaliseLiterals(graph)); // −0 ≠ 0
    });
  });

  it("prints the same text after reading and after normalising", () => {
    hold((graph) => {
      const text = printGraph(graph);
      expect(printGraph(parseGraph(text))).toBe(text);
      expect(printGraph(normaliseLiterals(graph))).toBe(text);
    });
  });

  it("is one line for each node that is no literal", () => {
    hold((graph) => {
      const shown = graph.nodes.filter((node) => !isLiteral(node)).length + graph.aliases.length;
      const lines = printGraph(graph).split("\n");
      expect(lines.filter((line) => line.startsWith("  %"))).toHaveLength(shown);
    });
  });

  it("is normal once normalised, as the same object", () => {
    hold((graph) => {
      const normal = normaliseLiterals(graph);
      expect(normaliseLiterals(normal)).toBe(normal);
    });
  });
});

describe("a wrong text", () => {
  const body = (...lines: string[]): string => ["graph g {", ...lines, "}"].join("\n");
  const rows: readonly [text: string, culprit: string, message: string][] = [
    ["", "graph", 'line 1, column 1: expected "graph", found the end of the text'],
    ["graf g {", "graph", 'line 1, column 1: expected "graph", found "graf"'],
    ["graph {", "graph", `line 1, column 7: expected the graph's name, found "{"`],
    ["graph g\n", "g", `line 1, column 8: expected "{" after the graph's name, found the end of the line`],
    ["graph g {", "g", 'line 1, column 10: expected a node like %y = relu %x : f32[2], or "return", found the end of the text'],
    [body("x = input : f32[]"), "g", 'line 2, column 1: expected a node like %y = relu %x : f32[2], or "return", found "x"'],
    [body("%3 = input : f32[]"), "g", 'line 2, column 2: expected a name like x or a JSON string, found "3"'],
    [body('%"\\q" = input : f32[]'), "g", String.raw`line 2, column 2: expected a JSON string, found "\"\\q\""`],
    [body("%x input : f32[]"), "x", 'line 2, column 4: expected "=" after %x, found "input"'],
    [body("%x = : f32[]"), "x", 'line 2, column 6: expected an op, found ":"'],
    [body("%x = input 3i64 : f32[]"), "x", 'line 2, column 12: expected an operand, {attributes} or ":" and a type, found "3i64"'],
    [body("%x = input"), "x", 'line 2, column 11: expected an operand, {attributes} or ":" and a type, found the end of the line'],
    [body("%x = input : f33[2]"), "x", 'line 2, column 14: expected a type like f32[32,784], found "f33[2]"'],
    [body("%x = input : f32[2] hello"), "x", 'line 2, column 21: expected an origin (@, &, ~ or !) or the end of the line, found "hello"'],
    [body("%x = input : f32[2] ~ x: y = 1"), "x", `line 2, column 28: expected ":" after the op whose gradient rule this is, found "="`],
    [body("%x = input : f32[2] ~ a b: y"), "x", `line 2, column 25: expected ":" after the name of the primal, found "b:"`],
    [body("%x = input : f32[2] ! x y"), "x", `line 2, column 25: expected ":" after the name of what is updated, found "y"`],
    [body("%x = input : f32[2] ! x:"), "x", "line 2, column 25: expected an update rule, found the end of the line"],
    [body("%x = input : f32[2] ~ x: neg: @ a"), "x", 'line 2, column 31: expected a gradient rule, found "@"'],
    [body("%x = input : f32[2] @"), "x", "line 2, column 22: expected a site like models/mnist-mlp.ts:6, found the end of the line"],
    [body("%x = f {a} : f32[]"), "x", `line 2, column 10: expected "=" after the attribute a, found "}"`],
    [body("%x = f {a=} : f32[]"), "x", `line 2, column 11: expected a number, a word, a JSON string or a list, found "}"`],
    [body("%x = f {a=[1 2]} : f32[]"), "x", `line 2, column 14: expected "," or "]", found "2]}"`],
    [body("%x = f {a=1 : f32[]"), "x", `line 2, column 13: expected an attribute like axes=[0] or "}", found ":"`],
    [body("%x = f {a=1 a=2} : f32[]"), "x", "line 2, column 13: the attribute a is given twice"],
    [
      body("%x = input : f32[]", "%y = alias %x {maths=1}", "return"),
      "y",
      `line 3, column 1: an alias reads: %name = alias %value {maths="law"}`,
    ],
    [body("%x = input : f32[]", "", "%x = neg %x : f32[]", "return"), "x", "line 4, column 1: %x is defined twice, first on line 2"],
    [body("%y = neg %x : f32[]", "return"), "y", "line 2, column 10: %x is not defined"],
    [body("%y = neg %x : f32[]", "%x = input : f32[]", "return"), "y", "line 2, column 10: %x is read before its definition on line 3"],
    [body("%x = neg %x : f32[]", "return"), "x", "line 2, column 10: %x is read before its definition on line 2"],
    [body('return y=%"a b"'), "g", 'line 2, column 10: %"a b" is not defined'],
    [body("return y %x"), "g", 'line 2, column 10: expected "=" after the result y, found "%x"'],
    [body("return loss = 0"), "g", `line 2, column 13: expected a result like loss=%l or "}", found "="`],
    [body("return write 0 0"), "g", `line 2, column 16: expected "←" after the target of the write, found "0"`],
    [body("return y=x"), "g", `line 2, column 10: expected a value like %x or a literal like 0.5, found "x"`],
    [`${body("return")}\n\nx`, "g", 'line 5, column 1: expected the end of the text, found "x"'],
  ];
  it.each(rows)("%j", (text, culprit, message) => {
    let caught: unknown;
    try {
      parseGraph(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(VerifyError);
    expect(caught).toMatchObject({ culprit, message });
  });
});
