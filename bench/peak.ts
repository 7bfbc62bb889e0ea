/** The peak of this process's memory alone: what the system calls the largest resident set begins, after a fork, with that of the parent. */

import { readFileSync } from "node:fs";

/** KiB. Where there is no /proc, what the system calls it. */
export function peak(): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
