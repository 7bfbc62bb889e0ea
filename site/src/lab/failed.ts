/** What becomes of an error in a page that trains on digits. */

import { DigitsError } from "../digits/data.ts";
import { say } from "../dom.ts";
import { LabError } from "./lab.ts";

/** Says what the lab or the digits could not do; anything else is a fault of the page, and is thrown on. */
export function failed(error: unknown): void {
  if (!(error instanceof LabError || error instanceof DigitsError)) throw error;
  say(error.message, true);
}
