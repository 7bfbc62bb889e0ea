/** The lab's worker: one session a name, each call answered once, in whatever order they are done. */

import type { CallName, Calls, FromLab, Given, ToLab } from "./messages.ts";
import { Session } from "./session.ts";

const port = self as unknown as {
  postMessage(message: FromLab, own?: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<ToLab>) => void) | null;
};
const sessions = new Map<string, Session>();

function sessionOf(name: string): Session {
  let found = sessions.get(name);
  if (found === undefined) sessions.set(name, (found = new Session()));
  return found;
}

async function answer(session: Session, call: CallName, given: unknown): Promise<unknown> {
  if (call === "compile") {
    const request = given as Given<"compile">;
    return session.compile(request, () => port.postMessage({ kind: "declared", of: request.of }));
  }
  if (call === "run") return session.run(given as Given<"run">, (tick, own) => port.postMessage({ kind: "tick", tick }, own));
  const act = session[call].bind(session) as (given: unknown) => ReturnType<Calls[CallName]> | Promise<ReturnType<Calls[CallName]>>;
  return act(given);
}

port.onmessage = ({ data }) => {
  if ("seen" in data) return sessionOf(data.seen).seen();
  const { id, call, given } = data;
  const session = sessionOf((given as { readonly of: string }).of);
  answer(session, call, given).then(
    (value) => port.postMessage({ kind: "answer", id, value }),
    (error: unknown) => port.postMessage({ kind: "refused", id, error: session.told(error) }),
  );
};
port.postMessage({ kind: "ready" });
