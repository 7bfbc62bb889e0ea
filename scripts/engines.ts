/**
 * `adjoint compile --check` under every program that runs the command line: the files of this repository, which Node 20 made, are what each of
 * them makes. `npm run engines`, or `npm run engines -- circuit lenet` for some models; of all models the table goes to test/snapshots/engines.md.
 */

import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programs } from "../test/engines/engines.ts";
import { root } from "./compiler.ts";
import { markdown } from "./markdown.ts";

const models = process.argv.slice(2).map((name) => `models/${name}.ts`);
const rows: string[][] = [];
let failed = false;
for (const program of programs) {
  const version = await program.version();
  if (version === undefined) {
    process.stdout.write(`${program.name} did not run: ${program.remedy}\n`);
    failed = true;
    continue;
  }
  const began = performance.now();
  const [path, ...args] = await program.command();
  const { status, stdout, stderr } = spawnSync(path, [...args, join(root, "dist/cli.js"), "compile", "--check", ...models], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, CI: "1" },
  });
  // of a command that holds, one line and no complaint of the engine, beside what it was at now and then
  const said = `${stdout}${stderr}`
    .trim()
    .split("\n")
    .filter((line) => !/^\S+: compiling$/.test(line));
  const holds = status === 0 && said.length === 1;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  process.stdout.write(`${version}, ${seconds} s: ${said.slice(0, 20).join("\n")}\n`);
  rows.push([version, said.at(-1)!, holds ? "yes" : "**no**"]);
  failed ||= !holds;
}
const text = `# The command line elsewhere

npm run engines: \`adjoint compile --check\` with the files that Node 20 made.

${markdown(["engine", "says", "as committed"], rows)}
`;
if (failed) process.exitCode = 1;
else if (models.length === 0) await writeFile(join(root, "test", "snapshots", "engines.md"), text);
