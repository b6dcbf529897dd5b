/** Is the server there? A small store that the client and the event stream write and the shell shows. */
import { useSyncExternalStore } from "react";

export type Connection = "ok" | "lost";

let state: Connection = "ok";
const listeners = new Set<() => void>();

export function setConnection(next: Connection) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
