/**
 * The page of `train --live`: served to this machine alone, told of the training as it goes by server-sent events, and asked for nothing but a
 * pause. A page that comes late is told all that was.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LoadedTrainer } from "../compile.ts";
import type { Callbacks } from "../../runtime/index.ts";
import type { LiveEvent, LivePictures, LossPoint } from "../inspector/live.ts";
import { livePage } from "../inspector/page.ts";
import { pageAssets } from "./page-assets.ts";

/** Between two events of steps, and two of pictures, milliseconds; pictures take at most a twentieth of the time. */
const [STEPS_MS, PICTURES_MS, SHARE] = [150, 1000, 20];
/** Points of the curve that are kept: every second one of these goes when there are as many again. */
const MOST_POINTS = 1500;

export interface LiveOptions {
  readonly model: string;
  readonly rows: Readonly<Record<string, number>>;
  readonly pictures: () => LivePictures;
}

export interface Live {
  /** `http://127.0.0.1:40123/`. */
  readonly address: string;
  readonly callbacks: Callbacks<LoadedTrainer>;
  /** Goes on, where the page had asked for a pause. */
  resume(): void;
  /** Tells the page how it ended, and closes it. */
  end(how: { readonly test?: Readonly<Record<string, number>>; readonly why?: string }): Promise<void>;
}

/** Serves the page on a port of its own. */
export async function serveLive({ model, rows, pictures }: LiveOptions): Promise<Live> {
  const run = new Run(model, rows, pictures);
  const page = await livePage(model, await pageAssets("live"));
  const server = createServer((request, response) => answer(request, response, (server.address() as AddressInfo).port));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref(); // a run that ends ends the process
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, // a TCP server's
    callbacks: run.callbacks,
    resume: () => run.pause(false),
    async end(how) {
      await run.end(how);
      server.close();
      server.closeAllConnections();
    },
  };

  function answer({ method = "", url = "", headers }: IncomingMessage, response: ServerResponse, port: number): void {
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
    const { host = "", origin } = headers;
    // another name for this machine, or another page that asks: nobody's business
    if (!hosts.includes(host) || (origin !== undefined && origin !== `http://${host}`)) return void response.writeHead(403).end();
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    switch (`${method} ${url}`) {
      case "GET /":
        return void response.setHeader("Content-Type", "text/html; charset=utf-8").end(page);
      case "GET /events":
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        return run.listen(response);
      case "POST /pause":
      case "POST /resume":
        run.pause(url === "/pause");
        return void response.writeHead(204).end();
      default:
        return void response.writeHead(404).end();
    }
  }
}

type Steps = Extract<LiveEvent, { kind: "steps" }>;

/** What is known of the run, and who hears of it. */
class Run {
  readonly #listeners = new Set<ServerResponse>();
  readonly #model: string;
  readonly #rows: LiveOptions["rows"];
  readonly #pictures: LiveOptions["pictures"];
  readonly #entries: Readonly<Record<string, number>>[] = [];
  #points: LossPoint[] = [];
  #epochs = 0;
  #last: Omit<Steps, "kind" | "points" | "rowsASecond"> | undefined;
  #sum: Record<string, number> = {};
  #steps = 0;
  #rowsSince = 0;
  #told = performance.now();
  #drawn = -Infinity;
  #shown: LivePictures | undefined;
  #paused: { readonly until: Promise<void>; readonly over: () => void } | undefined;

  constructor(model: string, rows: LiveOptions["rows"], pictures: LiveOptions["pictures"]) {
    this.#model = model;
    this.#rows = rows;
    this.#pictures = pictures;
  }

  readonly callbacks: Callbacks<LoadedTrainer> = {
    onStep: ({ epoch, epochs, step, steps, rows, loss }) => {
      this.#epochs = epochs;
      this.#last = { epoch, step, steps };
      for (const [phase, value] of Object.entries(typeof loss === "number" ? { loss } : (loss as Readonly<Record<string, number>>)))
        this.#sum[phase] = (this.#sum[phase] ?? 0) + value;
      this.#steps++;
      this.#rowsSince += rows;
    },
    onTurn: async () => {
      const now = performance.now();
      if (now - this.#told >= STEPS_MS) this.#tellSteps(now);
      if (now >= this.#drawn && this.#listeners.size > 0) this.#draw();
      await this.#paused?.until;
    },
    onEpoch: (measured) => {
      this.#tellSteps(performance.now());
      const entry = numbersOf(measured);
      this.#entries.push(entry);
      this.#tell({ kind: "epoch", entry });
      if (this.#listeners.size > 0) this.#draw();
    },
    onResume: (entries) => void this.#entries.push(...entries.map(numbersOf)),
  };

  /** Tells all that was, and then what comes. */
  listen(response: ServerResponse): void {
    const write = (event: LiveEvent): void => void response.write(eventText(event));
    write(this.#run());
    if (this.#last !== undefined) write({ kind: "steps", ...this.#last, rowsASecond: 0, points: this.#points });
    for (const entry of this.#entries) write({ kind: "epoch", entry });
    if (this.#shown !== undefined) write({ kind: "pictures", ...this.#shown });
    if (this.#paused !== undefined) write({ kind: "paused", paused: true });
    this.#listeners.add(response);
    this.#drawn = -Infinity;
    response.on("close", () => {
      this.#listeners.delete(response);
      if (this.#listeners.size === 0) this.pause(false); // nobody is left who could
    });
  }

  pause(paused: boolean): void {
    if (paused === (this.#paused !== undefined)) return;
    if (paused) {
      let over = (): void => {};
      const until = new Promise<void>((resolve) => (over = resolve));
      this.#paused = { until, over };
    } else {
      this.#paused?.over();
      this.#paused = undefined;
      this.#told = performance.now(); // what was waited for is no speed
    }
    this.#tell({ kind: "paused", paused });
  }

  /** Resolves once all who listen were told. */
  async end(how: Parameters<Live["end"]>[0]): Promise<void> {
    if (this.#listeners.size > 0) this.#draw();
    this.#tell({ kind: "ended", ...how });
    await Promise.all([...this.#listeners].map((one) => new Promise<void>((told) => one.end(told))));
  }

  #run = (): LiveEvent => ({ kind: "run", model: this.#model, epochs: this.#epochs, rows: this.#rows });

  #tell(event: LiveEvent): void {
    for (const one of this.#listeners) one.write(eventText(event));
  }

  #tellSteps(now: number): void {
    const [last, made] = [this.#last, this.#steps];
    if (last === undefined || made === 0) return;
    if (this.#points.length === 0) this.#tell(this.#run());
    const loss = Object.fromEntries(Object.entries(this.#sum).map(([phase, sum]) => [phase, sum / made]));
    const point = { step: (last.epoch - 1) * last.steps + last.step, loss };
    this.#points.push(point);
    if (this.#points.length >= 2 * MOST_POINTS) this.#points = this.#points.filter((_, n) => n % 2 === 1);
    this.#tell({
      kind: "steps",
      ...last,
      rowsASecond: Math.round((1000 * this.#rowsSince) / Math.max(1, now - this.#told)),
      points: [point],
    });
    [this.#sum, this.#steps, this.#rowsSince, this.#told] = [{}, 0, 0, now];
  }

  #draw(): void {
    const began = performance.now();
    this.#shown = this.#pictures();
    this.#tell({ kind: "pictures", ...this.#shown });
    const now = performance.now();
    this.#drawn = now + Math.max(PICTURES_MS, SHARE * (now - began));
  }
}

const numbersOf = (entry: object): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, Number(value)]));

const eventText = (event: LiveEvent): string => `data: ${JSON.stringify(event)}\n\n`;
