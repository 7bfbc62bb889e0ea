/**
 * Trains every model's committed trainer and holds it to the threshold that its file states (`npm run learn`); writes
 * test/snapshots/learn.md. `--only lenet,mnist-mlp` takes some; with `--seeds 0,1,2` each is trained for all of its epochs
 * from every seed and held to its mean.
 */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { markdown } from "./markdown.mjs";

/** Mean test accuracies of all seeds that the project promises. */
const BARS = { lenet: 0.984, "mnist-mlp": 0.975 };

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { only: { type: "string" }, seeds: { type: "string" } } });
const stems = (await readdir(join(root, "models"))).map((file) => file.replace(/\.ts$/, "")).sort();
const chosen = values.only?.split(",") ?? stems;
const unknown = chosen.find((name) => !stems.includes(name));
if (unknown !== undefined) throw new Error(`there is no model ${unknown}; --only takes ${stems.join(", ")}`);
const unmade = chosen.find((name) => !existsSync(join(root, "generated", name, "trainer.ts")));
if (unmade !== undefined) throw new Error(`generated/${unmade}/trainer.ts is missing; make it with npm run generate`);
const seeds = values.seeds?.split(",").map(Number);
if (seeds?.some((seed) => !Number.isInteger(seed))) throw new Error(`--seeds needs whole numbers, not ${values.seeds}`);

/** `file.ts?text` is the file as a text. */
const asText = {
  name: "as text",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice(0, -"?text".length)),
      namespace: "text",
    }));
    onLoad({ filter: /.*/, namespace: "text" }, async ({ path }) => ({ contents: await readFile(path, "utf8"), loader: "text" }));
  },
};

/** One run a model, and the table of them. */
async function short() {
  const rows = [];
  for (const { stem, ...files } of all) {
    process.stderr.write(`${stem} `);
    const began = performance.now();
    const learnt = await learnShortly({ stem, ...files, text: await textOf(stem) });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`${seconds} s\n`);
    const { data, threshold, reached, steps, holds } = learnt;
    const verdict = holds === undefined ? "—" : holds ? "yes" : "**no**";
    rows.push({ cells: [stem, data, threshold, reached, String(steps), verdict], seconds, holds });
  }
  const head = ["model", "data", "threshold", "reached", "steps", "holds"];
  const timed = rows.map(({ cells, seconds }) => [...cells, seconds]);
  process.stdout.write(`${markdown([...head, "seconds"], timed)}\n`);
  if (values.only === undefined) {
    const text = `# What the committed trainers learn\n\nnpm run learn: each trainer, seed 0, for the epochs that its model declares, or less where that would be more than\n8·10¹¹ FLOPs; judged on rows that it was not trained on. Thresholds stand beside the models.\n\n${markdown(
      head,
      rows.map(({ cells }) => cells),
    )}\n`;
    await save("learn.md", text);
  }
  return rows.some(({ holds }) => holds === false);
}

/** All epochs from every seed, each printed, and their mean. */
async function full() {
  let failed = false;
  for (const { stem, ...files } of all) {
    const results = [];
    for (const seed of seeds) {
      const { epochs, accuracy } = await learnFully({ stem, ...files, text: await textOf(stem) }, seed);
      results.push(accuracy);
      say(`${stem}  seed ${seed}  ${epochs} epochs  test accuracy ${percent(accuracy)}`);
    }
    const mean = results.reduce((sum, one) => sum + one, 0) / results.length;
    const bar = BARS[stem];
    const holds = bar === undefined || mean >= bar;
    say(
      `${stem}  mean ${percent(mean)}${bar === undefined ? "" : `, at least ${percent(bar)} wanted: ${holds ? "holds" : "does not hold"}`}`,
    );
    const lines = results.map((accuracy, n) => `seed ${seeds[n]}  ${percent(accuracy)}`);
    await save(
      `learn-${stem}.txt`,
      `npm run learn -- --only ${stem} --seeds ${seeds.join(",")}\n\n${[...lines, `mean    ${percent(mean)}`].join("\n")}\n`,
    );
    failed ||= !holds;
  }
  return failed;
}

const say = (line) => process.stdout.write(`${line}\n`);
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const textOf = (stem) => readFile(join(root, "models", `${stem}.ts`), "utf8");

async function save(name, text) {
  const folder = join(root, "test", "snapshots");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), text);
}

/** The models, their trainers and scripts/learn-run.mjs as one module, in which `adjoint` is the source beside it. */
async function bundled() {
  const quoted = (path) => JSON.stringify(`./${path}`);
  const lines = chosen.flatMap((stem, n) => [
    `import * as model${n} from ${quoted(`models/${stem}.ts`)};`,
    `import * as trainer${n} from ${quoted(`generated/${stem}/trainer.ts`)};`,
    `import source${n} from ${quoted(`generated/${stem}/trainer.ts?text`)};`,
  ]);
  const list = chosen.map((stem, n) => `{ stem: ${JSON.stringify(stem)}, exports: model${n}, trainer: trainer${n}, header: source${n} }`);
  const contents = [...lines, `export const all = [${list.join(", ")}];`, `export * from "./scripts/learn-run.mjs";`].join("\n");
  const folder = await mkdtemp(join(tmpdir(), "adjoint-learn-"));
  try {
    const outfile = join(folder, "learn.mjs");
    await build({
      stdin: { contents, resolveDir: root, sourcefile: "learn.ts", loader: "ts" },
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["esbuild", "prettier"],
      alias: { adjoint: join(root, "compiler", "index.ts") },
      plugins: [asText],
      // picocolors is CommonJS and asks for Node's own modules
      banner: {
        js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);`,
      },
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { all, learnShortly, learnFully } = await bundled();
const failed = await (seeds === undefined ? short() : full());
if (failed) process.exitCode = 1;
