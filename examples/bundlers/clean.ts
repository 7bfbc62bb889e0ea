/** The example in a folder of its own, where nothing is generated. */

import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Makes .work/<name> anew; gives back its path. */
export function clean(name: string): string {
  const root = join(here, ".work", name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const folder of ["models", "src"]) cpSync(join(here, folder), join(root, folder), { recursive: true });
  writeFileSync(join(root, "package.json"), '{ "name": "example", "private": true, "type": "module" }\n');
  return root;
}
