/** What Node and Bun run: the jobs of a file, a line of JSON for each outcome. Arguments: the file. */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { outcomeOf, type Job } from "./job.ts";

const [, , file = ""] = process.argv;
const jobs = JSON.parse(await readFile(file, "utf8")) as readonly Job[]; // written by engines.ts
const folder = dirname(resolve(file));
for (const job of jobs) {
  const outcome = await outcomeOf(job, (module) => import(pathToFileURL(`${folder}/${module}`).href));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
