/** What every column is doing: asked together, each ends by itself. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "~/api/client";
import { type Asking, ask, costOf, type Measured, NOTHING, type Said } from "./ask";
import { type Column, modelOf } from "./columns";
import type { View } from "./PlaygroundPage";

export interface Run {
  state: "asking" | "done" | "failed" | "stopped";
  measured: Measured;
  cost_usd?: number;
  error?: unknown;
}

interface Words {
  system: string;
  say: string;
  values: Record<string, string>;
}

export function useRuns() {
  const [runs, setRuns] = useState<(Run | undefined)[]>([]);
  const ending = useRef<AbortController>(undefined);

  useEffect(() => () => ending.current?.abort(), []);

  const start = useCallback((columns: Column[], view: View, words: Words) => {
    ending.current?.abort();
    const ended = new AbortController();
    ending.current = ended;
    setRuns(columns.map(() => ({ state: "asking", measured: NOTHING })));
    columns.forEach((column, at) => {
      const set = (change: Partial<Run>) => {
        if (ending.current !== ended) return;
        setRuns((before) => before.map((one, place) => (place === at && one ? { ...one, ...change } : one)));
      };
      void (async () => {
        try {
          const asking = await askingOf(column, view, words);
          const measured = await ask(asking, (found) => set({ measured: found }), ended.signal);
          set({ state: "done", measured });
          set({ cost_usd: await costOf(measured.inference_id, ended.signal) });
        } catch (error) {
          set(ended.signal.aborted ? { state: "stopped" } : { state: "failed", error });
        }
      })();
    });
  }, []);

  const stop = useCallback(() => {
    ending.current?.abort();
    setRuns((before) => before.map((one) => (one?.state === "asking" ? { ...one, state: "stopped" } : one)));
  }, []);

  return { runs, start, stop, busy: runs.some((one) => one?.state === "asking") };
}

/** The messages of a prompt's version around the person's own, or the person's alone. */
async function askingOf(column: Column, view: View, { system, say, values }: Words): Promise<Asking> {
  const own: Said[] = [{ role: "user", content: say }];
  if (system.trim()) own.unshift({ role: "system", content: system });
  const asking: Asking = {
    model: modelOf(column),
    messages: own,
    temperature: column.temperature,
    max_tokens: column.max_tokens,
  };
  const task = view.tasks.find((one) => one.name === column.target);
  if (task && Object.keys(task.variables).length) asking.variables = given(task.variables, values);
  if (column.prompt) {
    const [name = "", version = ""] = column.prompt.split("@");
    const { data } = await api.POST("/api/v1/prompts/{name}/versions/{version}/render", {
      params: { path: { name, version } },
      body: {
        variables: values as Record<string, never>,
        messages: own as unknown as Record<string, never>[],
      },
    });
    if (data) asking.messages = data.messages as unknown as Said[];
  }
  return asking;
}

/** Texts as the prompt's variables want them: numbers, booleans, lists and objects are read as JSON. */
export function given(wanted: Record<string, { type?: string }>, values: Record<string, string>) {
  const out: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(wanted)) {
    const text = values[name];
    if (text === undefined || text === "") continue;
    out[name] = type && type !== "string" ? read(text) : text;
  }
  return out;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
