/** What the command line does when a model, a disk or a checkout is not as one would like: one clear error, nothing half written, nothing left behind. */

import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outcomeOf } from "../../compiler/cli/errors.ts";
import type { CompileJson } from "../../compiler/cli/json.ts";
import { requireWritable, requireWritableFile, writeFiles } from "../../compiler/cli/write-files.ts";
import { adjoint, build, root, twoAtATime, type Ran } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
/** Where processes put what they need for a moment. */
const env = { TMPDIR: at("tmp") };
const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder, env });

beforeAll(() => {
  build();
  for (const name of ["models", "tmp"]) mkdirSync(at(name));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  copyFileSync(`${root}models/circuit.ts`, at("models/circuit.ts"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** A model file: these lines from line 2 on, then a model. */
const beside = (...lines: readonly string[]): string =>
  [
    'import { model, param, sgd, sum, zeros } from "adjoint";',
    ...lines,
    'export default model("m", {}, () => ({ loss: sum(param("W", [2], zeros())), optimizer: sgd() }));',
    "",
  ].join("\n");

describe("a model that does more than declare", () => {
  const ALONE = "Let the file only declare a model, or catch what its timers and promises throw.";
  const MODELS: Readonly<Record<string, readonly [text: string, message: string]>> = {
    never: [
      beside("await new Promise(() => {});"),
      " never finishes loading: its top-level await waits for what never comes; await only what settles, or leave it out",
    ],
    rejects: [
      beside('void Promise.reject(new Error("late\\x1b"));'),
      `:2:21  apart from its declaration the model threw Error: late\\u001b\n\n${ALONE}`,
    ],
    timer: [beside("setTimeout(() => {", '  throw "text";', "}, 0);"), `  apart from its declaration the model threw 'text'\n\n${ALONE}`],
  };

  test("rejects later, throws in a timer, never resolves: an error, and nothing is written or left", async () => {
    for (const [name, [text]] of Object.entries(MODELS)) writeFileSync(at(`models/${name}.ts`), text);
    const ran = await twoAtATime(Object.keys(MODELS), (name) => run(`compile models/${name}.ts`));
    expect(ran).toEqual(
      Object.entries(MODELS).map(([name, [, message]]) => ({ code: 2, stdout: "", stderr: `error models/${name}.ts${message}\n` })),
    );
    expect([existsSync(at("generated")), readdirSync(at("tmp"))]).toEqual([false, []]);
  }, 30_000);

  test("prints: --json stays JSON, and no name commands the terminal", async () => {
    const name = "\\x1b[31m\\x9b2J<img>";
    writeFileSync(at("models/prints.ts"), beside('console.log("log");', 'process.stdout.write("write\\n");').replace('"m"', `"${name}"`));
    const [data, shown] = await twoAtATime(["summary models/prints.ts --json", "summary models/prints.ts"], run);
    expect(JSON.parse(data!.stdout)).toMatchObject({ model: "\x1b[31m\x9b2J<img>", trainable: 2 });
    expect(data!.stderr).toBe("log\nwrite\n");
    for (const ran of [data, shown]) expect(ran!.stdout).not.toMatch(/[\x1b\x9b]/);
    expect(shown!.stdout.split("\n")[0]).toBe("model \\u001b[31m\\u009b2J<img>");
  }, 30_000);

  test("hangs: whatever ends the process, it leaves no temporary folder", async () => {
    writeFileSync(at("models/hangs.ts"), beside('console.log("here");', "await new Promise((r) => setTimeout(r, 1e6));"));
    const ends = ["SIGINT", "SIGKILL"] as const;
    const left = await twoAtATime(ends, (signal) => {
      const TMPDIR = at(`tmp-${signal}`);
      mkdirSync(TMPDIR);
      const child = spawn(process.execPath, [`${root}dist/cli.js`, "compile", "models/hangs.ts"], {
        cwd: folder,
        env: { ...process.env, TMPDIR },
      });
      child.stderr.on("data", (text) => String(text).includes("here") && child.kill(signal));
      return new Promise((resolve) => child.on("close", (code) => resolve([code, readdirSync(TMPDIR)])));
    });
    expect(left).toEqual([
      [130, []],
      [null, []],
    ]);
  }, 30_000);
});

describe("a disk that fails", () => {
  const all = () => Object.fromEntries(readdirSync(at("kept")).map((name) => [name, readFileSync(at(`kept/${name}`), "utf8")]));
  const before = { "a.ts": "a", "b.ts": "b" };
  const after = new Map([
    ["a.ts", "A"],
    ["b.ts", "B"],
    ["c.ts", "C"],
  ]);

  test("at any call, with half a file written: every file is as it was, and one error names the file", () => {
    mkdirSync(at("kept"));
    const said: string[] = [];
    for (let n = 1; n <= 6; n++) {
      writeFiles(at("kept"), new Map(Object.entries(before)));
      let calls = 0;
      const fails = (code: string): void => {
        if (++calls === n) throw Object.assign(new Error(`${code}: write`), { code, syscall: "write" });
      };
      const disk = {
        create(path: string, contents: string | Uint8Array) {
          writeFileSync(path, contents.slice(0, calls + 1 === n ? 0 : undefined), { flag: "wx" });
          fails("ENOSPC");
        },
        rename(from: string, to: string) {
          fails("EIO");
          renameSync(from, to);
        },
      };
      try {
        writeFiles(at("kept"), after, disk);
      } catch (error) {
        const { code, message } = outcomeOf(error, "adjoint compile");
        said.push(`${code} ${message.replace(at("kept/"), "")}`);
      }
      expect(all()).toEqual(before);
    }
    const full = (name: string): string => `2 ${name} cannot be read or written: the disk is full; free some space`;
    const broken = (name: string): string =>
      `2 ${name} cannot be read or written: the disk reports a fault; check it, or choose another place`;
    expect(said).toEqual([...["a.ts", "b.ts", "c.ts"].map(full), ...["a.ts", "b.ts", "c.ts"].map(broken)]);
    writeFiles(at("kept"), after);
    expect(all()).toEqual(Object.fromEntries(after));
  });

  test("a link beside is neither followed nor written through, and one in the place is replaced", () => {
    mkdirSync(at("linked"));
    writeFileSync(at("mine"), "mine");
    for (const name of ["a.ts", "a.ts.tmp"]) symlinkSync(at("mine"), at(`linked/${name}`));
    writeFiles(at("linked"), new Map([["a.ts", "A"]]));
    expect([readFileSync(at("linked/a.ts"), "utf8"), readFileSync(at("mine"), "utf8")]).toEqual(["A", "mine"]);
    expect(readdirSync(at("linked")).sort()).toEqual(["a.ts", "a.ts.tmp"]);
  });

  test("what cannot be written is refused before anything is done, and asking leaves nothing", async () => {
    writeFileSync(at("file"), "");
    mkdirSync(at("dir.svg"));
    requireWritable(at("not/yet/there"));
    requireWritableFile(at("not/yet/curves.svg"));
    expect([existsSync(at("not")), readdirSync(folder).filter((name) => name.startsWith(".."))]).toEqual([false, []]);
    const train = "train models/circuit.ts"; // which names no data: that would be said next
    const cases = {
      [`${train} --curves file/curves.svg`]:
        "file/curves.svg cannot be used: part of the path is a file, where a folder was needed; move the file, or choose another path",
      [`${train} --curves file/in/curves.svg`]:
        "file/in/curves.svg cannot be used: part of the path is a file, where a folder was needed; move the file, or choose another path",
      [`${train} --curves dir.svg`]: "dir.svg cannot be read or written: it is a folder, where a file was needed; name a file",
      [`${train} --curves /sys/curves.png`]:
        /^error \/sys cannot be read or written: (?:permission is denied; mend the permissions of the path|the file system is read-only; choose another place|the operation is not permitted).*\n$/,
      [`${train} --pictures file`]:
        "file/weights.png cannot be used: part of the path is a file, where a folder was needed; move the file, or choose another path",
      "compile models/circuit.ts --stages file/stages":
        "file/stages cannot be used: part of the path is a file, where a folder was needed; move the file, or choose another path",
    };
    const ran = await twoAtATime(Object.keys(cases), run);
    Object.values(cases).forEach((message, n) => {
      expect(ran[n]).toMatchObject({ code: 2, stdout: "" });
      if (typeof message === "string") expect(ran[n]!.stderr).toBe(`error ${message}\n`);
      else expect(ran[n]!.stderr).toMatch(message);
    });
  }, 30_000);
});

describe("files that were not made here", () => {
  test("a trainer.ts that no compile made is kept, unless --force says otherwise", async () => {
    mkdirSync(at("hand/circuit"), { recursive: true });
    writeFileSync(at("hand/circuit/trainer.ts"), "export const mine = 1;\n");
    const command = "compile models/circuit.ts --out hand";
    expect(await run(command)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error hand/circuit/trainer.ts was not made by adjoint compile, as it has no header of a generated file, and would be lost; move it, choose another --out folder, or overwrite it with --force\n",
    });
    expect(readFileSync(at("hand/circuit/trainer.ts"), "utf8")).toBe("export const mine = 1;\n");
    expect(readdirSync(at("hand/circuit"))).toEqual(["trainer.ts"]);
    expect(await run(`${command} --force`)).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(at("hand/circuit/trainer.ts"), "utf8")).toMatch(/^\/\/ .*\n\/\/ Generated by adjoint /);
  }, 30_000);

  test("a checkout with other line ends and a byte order mark holds, and is not written again; one other character does not", async () => {
    const files = ["models/circuit.ts", ...readdirSync(at("hand/circuit")).map((name) => `hand/circuit/${name}`)];
    const asCheckedOut = (path: string): void =>
      writeFileSync(at(path), `\ufeff${readFileSync(at(path), "utf8").replaceAll("\n", "\r\n")}`);
    files.forEach(asCheckedOut);
    const commands = [
      "compile --check --out hand models/circuit.ts",
      "verify hand/circuit/trainer.ts",
      "compile models/circuit.ts --out hand --json",
    ];
    const [check, verify, again] = await twoAtATime(commands, run);
    expect(check).toEqual({ code: 0, stdout: "✓ 4 files under hand/ are what their commands make\n", stderr: "" });
    expect(verify!.stdout).toMatch(/^CERTIFIED {2}hand\/circuit\/trainer\.ts /);
    expect((JSON.parse(again!.stdout) as CompileJson).files.filter(({ written }) => written)).toEqual([]);
    const trainer = readFileSync(at("hand/circuit/trainer.ts"), "utf8");
    writeFileSync(at("hand/circuit/trainer.ts"), trainer.replace("edits here", "edits  here"));
    expect((await run(commands[0]!)).code).toBe(1);
  }, 60_000);
});
