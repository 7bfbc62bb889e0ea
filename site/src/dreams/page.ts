/** The page of style and dreams: pictures are parameters, and their trainers paint them. */

import { choices } from "../choices.ts";
import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf } from "../code/statements.ts";
import { drawColour, scene, SIDE } from "../conv/draw.ts";
import { loadTrain } from "../digits/data.ts";
import { drawInk } from "../digits/tiles.ts";
import { byId, grouped, say, shown } from "../dom.ts";
import { failed } from "../lab/failed.ts";
import { Lab } from "../lab/lab.ts";
import type { Arrays, Tick } from "../lab/messages.ts";
import { STYLES } from "./styles.ts";
import { DREAMS, LEARNS } from "./texts.ts";
import paints from "../../../models/style-transfer.ts?raw";

const lab = new Lab();
const content = scene();
const SCALE = 6;
/** Steps of the net before it dreams. */
const LESSONS = 120;
let style = Object.keys(STYLES)[0]!;
let wanted = 3;
let running = true;
let ready = false;
let learned: Arrays | undefined;

const canvas = (id: string): HTMLCanvasElement => byId<HTMLCanvasElement>(id);

/** From noise on, in the style that is chosen. */
async function paint(seed: number): Promise<void> {
  drawColour(canvas("content"), content, SIDE, SCALE);
  drawColour(canvas("style"), STYLES[style]!, SIDE, SCALE);
  if (!ready) return;
  await lab.ask("create", { of: "paint", seed });
  await lab.ask("data", { of: "paint", arrays: { content, style: STYLES[style]! } });
  if (running) await run();
}
const run = (): Promise<void> => lab.run({ of: "paint", every: 100, rate: 40, parameters: ["image"] }, painted);

function painted({ parameters, steps, loss, error }: Tick): void {
  if (error !== undefined) return say(error.message, true);
  drawColour(canvas("image"), parameters!["image"]!, SIDE, SCALE);
  byId("style-loss").dataset["loss"] = String(loss);
  byId("style-loss").textContent = `After ${grouped(steps)} steps what is missing, in content and in style, is ${shown(loss, 3)}.`;
}

/** A picture of which the net is sure that it is the digit. */
async function dream(): Promise<void> {
  if (learned === undefined) return;
  await lab.ask("create", { of: "dream", seed: 1 });
  await lab.ask("set", { of: "dream", parameters: learned });
  await lab.ask("data", { of: "dream", arrays: { wanted: Int32Array.of(wanted) } });
  await lab.run({ of: "dream", every: 100, rate: 60, steps: 400, parameters: ["picture"] }, (tick) => {
    if (tick.error !== undefined) return say(tick.error.message, true);
    drawInk(canvas("dream"), [tick.parameters!["picture"]!.map((value) => 1 / (1 + Math.exp(-value))) as Float32Array], {
      side: 28,
      columns: 1,
      scale: 7,
    });
    void lab
      .ask("predict", { of: "dream", arrays: {} })
      .then(({ sure }) => {
        byId("dream-said").dataset["sure"] = String(sure![wanted]);
        byId("dream-said").textContent = `sure by ${(100 * sure![wanted]!).toFixed(1)} % that this is a ${wanted}`;
      })
      .catch(failed);
  });
}

choices(
  byId("styles"),
  Object.keys(STYLES).map((value) => ({ value, title: value })),
  style,
  (value) => {
    style = value;
    void paint(1).catch(failed);
  },
  "Style",
);
choices(
  byId("wanted"),
  Array.from({ length: 10 }, (_, value) => ({ value, title: String(value) })),
  wanted,
  (value) => {
    wanted = value;
    void dream().catch(failed);
  },
  "Digit",
);
byId("paint").addEventListener("click", () => {
  running = !running;
  byId("paint").textContent = running ? "Pause" : "Paint";
  if (ready) void (running ? run() : lab.ask("pause", { of: "paint" })).catch(failed);
});
byId("again").addEventListener("click", () => void paint(1 + Math.floor(Math.random() * 1e6)).catch(failed));

async function start(): Promise<void> {
  try {
    byId("model").replaceChildren(codeBlock(paints, "The model that paints"));
    byId("dream-model").replaceChildren(codeBlock(DREAMS, "The model that dreams"));
    await paint(1);
    const options = { effort: "none" } as const;
    const compiled = await lab.compile({ of: "paint", text: paints, path: "models/style-transfer.ts", options });
    byId("code").replaceChildren(...statementBlocks(statementsOf(compiled).filter(({ region }) => region === "backward")));
    ready = true;
    say("");
    await paint(1);
    await lab.compile({ of: "net", text: LEARNS, path: "net.ts", options });
    await lab.ask("create", { of: "net", seed: 1 });
    await lab.ask("data", { of: "net", arrays: { ...(await loadTrain(1)) } });
    // a few at a time, so that the painting goes on
    for (let n = 0; n < LESSONS; n += 4) {
      byId("dream-said").textContent = `the net learns: ${n} of ${LESSONS} steps`;
      await lab.ask("step", { of: "net", steps: 4 });
    }
    learned = await lab.ask("parameters", { of: "net", names: ["W1", "b1", "W2", "b2"] });
    await lab.compile({ of: "dream", text: DREAMS, path: "dream.ts", options });
    await dream();
  } catch (error) {
    failed(error);
  }
}
void start();
