/** What is true of tiles as data: their text reads back, and whatever tile a group may have computes the bits of its loops without one, on both targets. */

import fc from "fast-check";
import { adam, glorot, input, model, mse, param, tanh } from "adjoint";
import type { FloatTensor, Model } from "adjoint";
import { describe, expect, test } from "vitest";
import { aloneInTypeScript } from "../../compiler/targets/typescript/alone.ts";
import { aloneInWasm } from "../../compiler/targets/wasm/alone.ts";
import type { Alone } from "../../compiler/targets/target.ts";
import { bytesOf as bytesPer, sizeOf } from "../../compiler/graph/type.ts";
import type { Buffer, Group, Kernel } from "../../compiler/loop/loop.ts";
import { interpretKernel } from "../../compiler/loop/interpret/index.ts";
import { LANES } from "../../compiler/loop/lanes.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { context } from "../../compiler/model/context.ts";
import { convAttrs } from "../../compiler/ops/conv.ts";
import { dotAttrs } from "../../compiler/ops/dot.ts";
import { ordersOf, refusalOf, sizesOf, type Site } from "../../compiler/passes/loops/candidates.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { modelledTiles, nestUnder, unscheduled } from "../../compiler/passes/loops/schedule.ts";
import type { Tile } from "../../compiler/passes/loops/tile.ts";
import { parseTile, printTile } from "../../compiler/passes/loops/tile-text.ts";
import { parted } from "../../compiler/targets/wasm/long-loops.ts";
import { partsOf, type Limits } from "../../compiler/targets/typescript/blocks.ts";
import { arrayOf } from "../../compiler/targets/typescript/statement.ts";
import { modelOf as programOf } from "../fuzz/build.ts";
import { anyRecipe } from "../fuzz/recipe.ts";

const axesNamed = (...extents: number[]) => extents.map((extent, n) => ({ name: "ijlm"[n]!, extent }));

describe("the text of a tile", () => {
  test.each([
    ["i by 4, j by 8 in lanes", { sizes: [4, 8], order: [0, 1], lane: 1 }],
    ["k outside, j by 2, i", { sizes: [1, 2], order: [1, 0], outer: 1 }],
    ["i by 3, j by 2, k unrolled 8", { sizes: [3, 2], order: [0, 1], unrolled: 8 }],
  ])("%s", (text, tile) => {
    expect(parseTile(text, axesNamed(32, 128))).toEqual(tile);
    expect(printTile(tile as Tile, axesNamed(32, 128))).toBe(text);
  });

  test("of a group without loops", () => {
    expect(printTile({ sizes: [], order: [] }, [])).toBe("once");
    expect(parseTile("once", [])).toEqual({ sizes: [], order: [] });
  });

  test("reads back unchanged", () => {
    const tile = fc.integer({ min: 1, max: 4 }).chain((n) =>
      fc.record(
        {
          sizes: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: n, maxLength: n }),
          order: fc.shuffledSubarray([0, 1, 2, 3].slice(0, n), { minLength: n, maxLength: n }),
          lane: fc.nat(n - 1),
          outer: fc.constant(1 as const),
          unrolled: fc.integer({ min: 1, max: 99 }),
        },
        { requiredKeys: ["sizes", "order"] },
      ),
    );
    fc.assert(
      fc.property(tile, (one: Tile) => {
        const axes = axesNamed(...one.sizes);
        expect(parseTile(printTile(one, axes), axes)).toEqual(one);
      }),
    );
  });

  test.each([
    ["i by 4, l", '"l" is no loop of it: its loops are i, j'],
    ["i by 0, j", '"i by 0" is no loop of it: its loops are i, j'],
    ["i, j, i", "i is named twice"],
    ["i in lanes, j in lanes", "two loops are in lanes"],
    ["j by 4", "i is not named"],
    ["i, k unrolled 8, j", '"k unrolled 8" is no loop of it: its loops are i, j'],
    ["", '"" is no loop of it: its loops are i, j'],
  ])("%s is none", (text, wrong) => {
    expect(parseTile(text, axesNamed(8, 8))).toEqual({ wrong });
  });
});

// Random kernels under random tiles.

type Any = FloatTensor<readonly number[]>;
const weight = (name: string, shape: readonly number[]): Any => param(name, shape, glorot());

/** tanh(x·W + b), each operand as it is or transposed, of one matrix or of several. */
const product =
  (aRows: boolean, bRows: boolean) =>
  (batch: number, [m, k, n]: readonly number[], matrices: number): Model =>
    model("product", { batch }, ({ batch }) => {
      const lead = matrices > 1 ? [matrices] : [];
      const left = input("a", [batch, ...lead, ...(aRows ? [m!, k!] : [k!, m!])]);
      const right = weight("W", [...lead, ...(bRows ? [k!, n!] : [n!, k!])]);
      const c = context();
      const at = 1 + lead.length;
      const y = c.run(() => {
        const attrs = dotAttrs(
          [aRows ? at + 1 : at],
          [lead.length + (bRows ? 0 : 1)],
          lead.map(() => 1),
          lead.map(() => 0),
        );
        return c.tensor(c.g.dot(left.value, right.value, attrs)) as Any;
      });
      return { loss: mse(tanh(y), input("t", y.shape)), outputs: { y }, optimizer: adam() };
    });

/** Convolution with a margin, a stride and a bias; its training sums for x, for w and for b. */
const convolution = (batch: number, [channels, height, width]: readonly number[], filters: number): Model =>
  model("convolution", { batch }, ({ batch }) => {
    const w = weight("w", [filters, channels!, 3, 2]);
    const first = weight("u", [channels!, 2, 1, 1]);
    const c = context();
    const y = c.run(() => {
      const one = convAttrs(2, { low: [0, 0], high: [0, 0], stride: [1, 1] });
      const x = c.g.conv(input("x", [batch, 2, height!, width!]).value, first.value, one);
      return c.tensor(c.g.conv(c.g.relu(x), w.value, convAttrs(2, { low: [1, 0], high: [1, 1], stride: [1, 1 + (filters % 2)] }))) as Any;
    });
    return { loss: mse(y, input("t", y.shape)), outputs: { y }, optimizer: adam() };
  });

/** Largest of 2×2, then mean and largest along the last axis. */
const pooling = (batch: number, [channels, height, width]: readonly number[]): Model =>
  model("pooling", { batch }, ({ batch }) => {
    const w = weight("w", [channels!, 2 * height!, 2 * width!]);
    const c = context();
    const y = c.run(() => {
      const x = c.g.mul(
        input("x", [batch, channels!, 2 * height!, 2 * width!]).value,
        c.g.broadcast(w.value, { axes: [0], size: [batch] }),
      );
      const pooled = c.g.windowMax(x, { window: [1, 1, 2, 2], stride: [1, 1, 2, 2], low: [0, 0, 0, 0], high: [0, 0, 0, 0] });
      return c.tensor(c.g.add(c.g.sum(pooled, { axes: [3] }), c.g.reduceMax(pooled, { axes: [3] }))) as Any;
    });
    return { loss: mse(y, input("t", y.shape)), outputs: { y }, optimizer: adam() };
  });

const extent = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 16, 17);
const extents = fc.tuple(extent, extent, extent);
const rows = fc.constantFrom(1, 2, 3, 4, 6);
const nets: fc.Arbitrary<Model> = fc.oneof(
  fc
    .tuple(fc.boolean(), fc.boolean(), rows, extents, fc.constantFrom(1, 1, 3))
    .map(([a, b, batch, sizes, matrices]) => product(a, b)(batch, sizes, matrices)),
  fc.tuple(rows, extents, fc.constantFrom(1, 3, 4, 8)).map(([batch, sizes, filters]) => convolution(batch, sizes, filters)),
  fc.tuple(rows, extents).map(([batch, sizes]) => pooling(batch, sizes)),
  anyRecipe.map(programOf),
);

/** Any tile that the group may have: a random one that is not refused, or one of the candidates that a measurement tries. */
function drawTile(site: Site, draw: (most: number) => number): Tile {
  const { axes } = site.group;
  const order = axes.map((_, n) => n);
  for (let n = order.length - 1; n > 0; n--) {
    const other = draw(n);
    [order[n], order[other]] = [order[other]!, order[n]!];
  }
  const wide = order.filter((n) => axes[n]!.extent >= LANES);
  const lane = draw(1) > 0 ? site.modelled.lane : [undefined, ...wide][draw(wide.length)];
  const sizes = axes.map(({ extent }, n) =>
    n === lane ? LANES * (1 + draw(Math.min(2, Math.floor(extent / LANES) - 1))) : 1 + draw(Math.min(2, extent - 1)),
  );
  const inLanes = lane === undefined ? {} : { lane };
  const any: Tile = { sizes, order, ...inLanes, ...(draw(2) === 0 ? { outer: 1 } : {}) };
  if (draw(4) > 0 && refusalOf(any, site) === undefined) return any;
  const sized = sizesOf(site);
  const tiles = ordersOf(sized[draw(sized.length - 1)]!, site);
  return tiles[draw(tiles.length - 1)]!;
}

/** The canonical order of sums and nothing else: point by point, in lanes where the target's sums are. */
function canonical({ group, machine, buffers, modelled }: Site) {
  if (machine.lanes === 1) return unscheduled(group, buffers);
  const { lane, outer } = modelled;
  const sizes = group.axes.map((_, n) => (n === lane ? LANES : 1));
  return nestUnder(
    { sizes, order: sizes.map((_, n) => n), ...(lane === undefined ? {} : { lane }), ...(outer === undefined ? {} : { outer }) },
    group,
    machine,
    buffers,
  )!;
}

interface Case {
  readonly site: Site;
  readonly tile: Tile;
  readonly plain: ReturnType<typeof unscheduled>;
  readonly tiled: ReturnType<typeof unscheduled>;
}

const kernelOf = ({ params, body }: Case["plain"]): Kernel => ({ name: "k", doc: [], params, body, flops: 0 });

/** Contents of a buffer, the same for both kernels of a case. */
function contents({ dtype, shape }: Buffer, seed: number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, n) => {
    const wave = Math.sin(n * 12.9898 + seed * 78.233) * 43758.5453;
    const drawn = wave - Math.floor(wave);
    return dtype === "f32" || dtype === "f64" ? Math.fround(2 * drawn - 0.8) : Math.floor(3 * drawn) % (dtype === "bool" ? 2 : 3);
  });
}

/** Every buffer of a case after its kernel ran in loops of the IR, nothing rounded: equal only where every sum has its order. */
function interpreted({ site }: Case, built: Case["plain"]): unknown {
  const memory = built.args.map((name) => Float64Array.from(contents(site.buffers.get(name)!, 1)));
  interpretKernel(kernelOf(built), memory, "double");
  return Object.fromEntries(built.args.map((name, n) => [name, memory[n]!]).sort());
}

/** The same of what is emitted. */
function ran(alone: Alone, n: number, { site }: Case, { args }: Case["plain"]): unknown {
  let top = 0;
  const places = args.map((name) => {
    const buffer = site.buffers.get(name)!;
    const place = { name, offset: top, length: sizeOf(buffer.shape), dtype: buffer.dtype };
    top += bytesIn(buffer);
    const view = new { Float32Array, Float64Array, Int32Array }[arrayOf(buffer.dtype)](alone.arena, place.offset, place.length);
    view.set(contents(buffer, 1));
    return { ...place, view };
  });
  alone.call(
    n,
    places.map(({ offset }) => offset),
  )();
  return Object.fromEntries(places.map(({ name, view }) => [name, view.slice()] as const).sort());
}

const bytesOf = ({ site, plain }: Case): number => plain.args.reduce((n, name) => n + bytesIn(site.buffers.get(name)!), 0);

const bytesIn = ({ shape, dtype }: Buffer): number => 16 * Math.ceil((sizeOf(shape) * bytesPer(dtype)) / 16);

async function casesOf(net: Model, target: "typescript" | "wasm", draw: (most: number) => number): Promise<Case[]> {
  const { machine } = targetOf(target);
  const { entries } = await lower(net, { target });
  return entries[0]!.definitions.work.flatMap((work): Case[] => {
    if (work.kind !== "group") return [];
    const group: Group = work.group;
    const buffers = new Map(entries[0]!.definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const site: Site = { group, machine, buffers, modelled: modelledTiles(entries[0]!.definitions, machine)(group) };
    const tile = drawTile(site, draw);
    const tiled = nestUnder(tile, group, machine, buffers);
    return tiled === undefined ? [] : [{ site, tile, tiled, plain: canonical(site) }];
  });
}

/** As many functions as a kernel has loops to divide. */
const DIVIDED: Limits = { block: 6, kernel: 0 };

test.each([
  ["typescript", aloneInTypeScript, (kernels: readonly Kernel[], bytes: number) => aloneInTypeScript(kernels, bytes, DIVIDED)],
  ["wasm", aloneInWasm, (kernels: readonly Kernel[], bytes: number) => aloneInWasm(kernels, bytes, { long: 0 })],
] as const)(
  "%s: a random tile of a random kernel keeps every bit, in one function and in several",
  { timeout: 120_000 },
  async (target, alone, inBlocks) => {
    const seen = { tiled: 0, reordered: 0, unrolled: 0, divided: 0 };
    await fc.assert(
      fc.asyncProperty(nets, fc.gen(), async (net, gen) => {
        const cases = await casesOf(net, target, (most) => gen(fc.nat, most));
        const most = Math.max(16, ...cases.map(bytesOf));
        const [whole, divided] = [
          await alone(
            cases.map(({ plain }) => kernelOf(plain)),
            most,
          ),
          await inBlocks(
            cases.map(({ tiled }) => kernelOf(tiled)),
            most,
          ),
        ];
        cases.forEach((one, n) => {
          const { axes } = one.site.group;
          const shown = `${one.site.group.stages.map(({ definition }) => definition.op).join(" ")} ${axes.map(({ extent }) => extent).join("×")}: ${printTile(one.tile, axes)}`;
          expect(interpreted(one, one.tiled), shown).toEqual(interpreted(one, one.plain));
          expect(ran(divided, n, one, one.tiled), shown).toEqual(ran(whole, n, one, one.plain));
          const { body } = one.tiled;
          seen.divided += Number(
            target === "wasm"
              ? body.some((_, at) => parted(body, at, 0) !== undefined)
              : partsOf(body, DIVIDED).some(({ kind }) => kind === "outer"),
          );
          seen.tiled += Number(one.tile.sizes.some((size) => size > 1));
          seen.unrolled += Number(one.tile.unrolled !== undefined);
          seen.reordered += Number(one.tile.order.some((axis, at) => axis !== at));
        });
      }),
      { numRuns: 44, seed: 20261130 },
    );
    // nothing is learnt from loops that stayed as they were
    expect(seen.tiled).toBeGreaterThan(80);
    expect(seen.reordered).toBeGreaterThan(40);
    expect(seen.divided).toBeGreaterThan(80);
    expect(seen.unrolled).toBeGreaterThan(20);
  },
);

describe("a tile that would change bits, or is none, is refused with its reason:", () => {
  const rowsByColumns = product(true, false);
  /** The first sum of a net, and its kernels' buffers. */
  const siteOf = async (net: Model, target: "typescript" | "wasm"): Promise<Site> => (await casesOf(net, target, () => 0))[0]!.site;

  test.each<[text: string, target: "typescript" | "wasm", law: string]>([
    ["j, i by 99, l, m", "typescript", "i by 99 is more than the 2 points of i"],
    ["i, j, l, m by 4 in lanes", "typescript", "its target has no lanes"],
    ["k outside, i, j, l, m", "typescript", "sums that stay in memory, or no longer do, would be rounded or added otherwise"],
    ["i, j, l, m, k unrolled 1", "typescript", "from 2 to all 9 iterations are written in a row, not 1"],
    ["i, j, l, m, k unrolled 10", "typescript", "from 2 to all 9 iterations are written in a row, not 10"],
    ["i, j, l, m by 6 in lanes", "wasm", "m in lanes goes by whole vectors of 4"],
    ["i by 2, j by 6, l by 3, m by 4", "wasm", "its tile has 144 values side by side, and at most 32 are kept"],
  ])("%s for %s", async (text, target, law) => {
    const site = await siteOf(rowsByColumns(6, [3, 9, 8], 2), target);
    const tile = parseTile(text, site.group.axes);
    expect("wrong" in tile ? tile.wrong : refusalOf(tile, site)).toBe(law);
  });

  test.each(["i, j, l, m by 4 in lanes", "i, j, l by 2, m by 3", "i, j, l, m"])(
    "sums under %s add their terms in the same order",
    async (text) => {
      const site = await siteOf(rowsByColumns(6, [3, 9, 8], 2), "wasm");
      const tile = parseTile(text, site.group.axes) as Tile;
      expect(refusalOf(tile, site)).toBeUndefined();
      const one = {
        site,
        tile,
        plain: canonical(site),
        tiled: nestUnder(tile, site.group, site.machine, site.buffers)!,
      };
      expect(interpreted(one, one.tiled)).toEqual(interpreted(one, one.plain));
    },
  );

  test("expressions that stand side by side have no other form, and no text that would lose them", async () => {
    const site = await siteOf(rowsByColumns(6, [3, 9, 8], 2), "typescript");
    const modelled: Tile = { ...site.modelled, pieces: [0] };
    const pieces: Site = { ...site, modelled };
    expect(sizesOf(pieces)).toEqual([modelled]);
    expect(ordersOf(modelled, pieces)).toEqual([modelled]);
    const read = parseTile(printTile(modelled, site.group.axes), site.group.axes) as Tile;
    expect(refusalOf(read, pieces)).toBe("its positions have expressions of their own, which stand side by side");
  });

  test("loops that sum over themselves have no other form", async () => {
    const cases = await casesOf(rowsByColumns(6, [3, 9, 8], 1), "typescript", () => 0);
    const fixed = cases.find(({ site }) => site.group.stages.some(({ storage }) => storage === "total"))!.site;
    expect(sizesOf(fixed)).toEqual([fixed.modelled]);
    const other: Tile = { ...fixed.modelled, sizes: fixed.modelled.sizes.map(() => 2) };
    expect(refusalOf(other, fixed)).toBe(
      "its loops have no other form: they sum over themselves, add where the data tell, hold loops of their own, or overwrite what they read elsewhere",
    );
  });
});
