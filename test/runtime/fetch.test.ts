/** Files over the net: what comes is what was put there, with its progress, and what does not come is told by address. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchBytes, loadCsv, loadMnist, loadText } from "../../runtime/browser/index.ts";
import { DataError } from "../../runtime/index.ts";

const idx = (header: readonly number[], values: readonly number[]): Uint8Array => Uint8Array.from([...header, ...values]);
const images = idx(
  [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28],
  Array.from({ length: 2 * 784 }, (_, n) => n % 256),
);
const labels = idx([0, 0, 8, 1, 0, 0, 0, 2], [7, 3]);
const LARGE = Uint8Array.from({ length: 300_000 }, (_, n) => n % 251);

const files: Readonly<Record<string, Uint8Array>> = {
  "/table.csv": Buffer.from("a,kind\n1,x\n2,y\n"),
  "/text.txt": Buffer.from("abba"),
  "/large.bin": LARGE,
  "/large.bin.gz": gzipSync(LARGE),
  "/broken.gz": gzipSync(LARGE).subarray(0, 100),
  "/mnist/train-images-idx3-ubyte.gz": gzipSync(images),
  "/mnist/train-labels-idx1-ubyte.gz": gzipSync(labels),
  "/mnist/t10k-images-idx3-ubyte": images,
  "/mnist/t10k-labels-idx1-ubyte": labels,
};
let server: Server;
let at = "";
beforeAll(async () => {
  server = createServer(({ url = "" }, response) => {
    const file = files[url.replace(/\?.*/, "")];
    if (url === "/page.csv") return void response.setHeader("Content-Type", "text/html; charset=utf-8").end("<!doctype html>");
    if (url === "/cut.bin") return void response.writeHead(200, { "Content-Length": "100" }).write("half", () => response.destroy());
    if (file === undefined) return void response.writeHead(404).end();
    response.setHeader("Content-Length", file.length).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("bytes come whole, packed or not, and their progress grows to all of them", async () => {
  const heard: number[] = [];
  let total: number | undefined;
  const options = {
    onProgress(progress: { loaded: number; total: number | undefined }) {
      heard.push(progress.loaded);
      total = progress.total;
    },
  };
  expect(Buffer.compare(await fetchBytes(`${at}/large.bin`, options), LARGE)).toBe(0);
  expect([heard[0], heard.at(-1), total]).toEqual([0, LARGE.length, LARGE.length]);
  expect(heard).toEqual([...heard].sort((a, b) => a - b));
  expect(Buffer.compare(await fetchBytes(`${at}/large.bin.gz?version=2`), LARGE)).toBe(0);
});

test("readers give what they give of the same bytes", async () => {
  expect(await loadCsv(`${at}/table.csv`, { label: "kind" })).toMatchObject({ rows: 2, columns: ["a"], classes: ["x", "y"] });
  expect((await loadText(`${at}/text.txt`)).vocabulary).toEqual(["a", "b"]);
  const { train, test } = await loadMnist(`${at}/mnist/`);
  expect([...train.y]).toEqual([7, 3]);
  expect(test).toEqual(train);
});

describe("is told by address", () => {
  const refused = (address: string, message: string) => expect(fetchBytes(address)).rejects.toThrow(new DataError(message));

  test("what is not there, a page in its place, a part of it", async () => {
    await refused(`${at}/none.csv`, `${at}/none.csv was answered by 404 Not Found; check the address`);
    await refused(
      `${at}/page.csv`,
      `${at}/page.csv was answered by a page, as servers do for what they do not have; put the file where the page's server finds it`,
    );
    await expect(fetchBytes(`${at}/cut.bin`)).rejects.toThrow(`${at}/cut.bin cannot be fetched (`);
    await expect(fetchBytes(`${at}/broken.gz`)).rejects.toThrow(`${at}/broken.gz is not a whole gzip file (`);
    await expect(fetchBytes("http://127.0.0.1:1/x")).rejects.toThrow("http://127.0.0.1:1/x cannot be fetched (");
    await expect(loadMnist(`${at}/none`)).rejects.toThrow(
      `neither ${at}/none/train-images-idx3-ubyte nor ${at}/none/train-images-idx3-ubyte.gz can be fetched`,
    );
  });

  test("a signal's reason is its own", async () => {
    await expect(fetchBytes(`${at}/large.bin`, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
