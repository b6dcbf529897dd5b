/**
 * Asking: one streamed answer of the gateway, measured in the browser. Knows the wire and the clock, no React.
 *
 * The key is a short-lived one of the person who asks (POST /api/v1/playground/key), kept in memory of this page only.
 */
import { api, context } from "~/api/client";
import { errorOf } from "~/api/errors";

export interface Said {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface Asking {
  model: string; // a task, or a deployment
  messages: Said[];
  temperature?: number;
  max_tokens?: number;
  variables?: Record<string, unknown>; // of the task's own prompt
}

export interface Measured {
  text: string;
  thinking: string;
  finish: string;
  ttft_ms?: number; // to the first word
  total_ms?: number;
  input_tokens?: number;
  output_tokens?: number;
  inference_id: string;
  deployment: string;
  variant: string;
  cache: string;
  warning: string;
}

interface Chunk {
  error?: { message?: string };
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
}

export const NOTHING: Measured = {
  text: "",
  thinking: "",
  finish: "",
  inference_id: "",
  deployment: "",
  variant: "",
  cache: "",
  warning: "",
};

let kept: { clear: string; ends_ms: number; project: string } | undefined;

/** The page's key: made when it is first needed, and again a minute before it ends. */
export async function keyOf(now_ms = Date.now()): Promise<string> {
  if (!kept || kept.project !== context.project || kept.ends_ms - now_ms < 60_000) {
    const { data } = await api.POST("/api/v1/playground/key", { body: { minutes: 30 } });
    if (!data) throw new Error("the server gave no key");
    kept = { clear: data.clear, ends_ms: data.expires_ms, project: context.project };
    await new Promise((done) => setTimeout(done, 400)); // until every gateway has heard of it
  }
  return kept.clear;
}

/** Cuts a text stream into the data of its events, wherever the network cut it. */
export function cutter(): (piece: string) => string[] {
  let rest = "";
  return (piece) => {
    rest += piece.replaceAll("\r\n", "\n");
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    return events.flatMap((event) => {
      const lines = event.split("\n").filter((line) => line.startsWith("data:"));
      return lines.length ? [lines.map((line) => line.slice(5).trimStart()).join("\n")] : [];
    });
  };
}

/** What one chunk adds. Raises for an error that stands in the stream. */
export function added(before: Measured, data: string): Measured {
  if (data === "[DONE]") return before;
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) throw new Error(chunk.error.message || "the answer broke off");
  const choice = chunk.choices?.[0];
  return {
    ...before,
    text: before.text + (choice?.delta?.content ?? ""),
    thinking: before.thinking + (choice?.delta?.reasoning_content ?? ""),
    finish: choice?.finish_reason ?? before.finish,
    input_tokens: chunk.usage?.prompt_tokens ?? before.input_tokens,
    output_tokens: chunk.usage?.completion_tokens ?? before.output_tokens,
  };
}

/** Asks, and tells of every piece. Ends when the answer does; the signal ends it earlier. */
export async function ask(
  asking: Asking,
  tell: (measured: Measured) => void,
  signal: AbortSignal,
): Promise<Measured> {
  const key = await keyOf();
  const { variables, ...body } = asking;
  const began = performance.now();
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    credentials: "omit",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
      ...(variables && Object.keys(variables).length ? { volant: { variables } } : {}),
    }),
    signal,
  });
  if (!response.ok || !response.body) throw await errorOf(response);
  const header = (name: string) => response.headers.get(`x-volant-${name}`) ?? "";
  let found: Measured = {
    ...NOTHING,
    inference_id: header("inference-id"),
    deployment: header("deployment"),
    variant: header("variant"),
    cache: header("cache"),
    warning: header("warning"),
  };
  const cut = cutter();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    for (const data of cut(value)) found = added(found, data);
    if (found.ttft_ms === undefined && (found.text || found.thinking)) {
      found = { ...found, ttft_ms: performance.now() - began };
    }
    tell(found);
  }
  found = { ...found, total_ms: performance.now() - began };
  tell(found);
  return found;
}

/** What it cost, once the answer is on record (a fraction of a second later); undefined where it is not known. */
export async function costOf(inference_id: string, signal: AbortSignal): Promise<number | undefined> {
  for (const wait of [150, 300, 600, 1200]) {
    await new Promise((done) => setTimeout(done, wait));
    if (signal.aborted) return undefined;
    const { data } = await api.GET("/api/v1/inferences", { params: { query: { limit: 50 } }, signal });
    const found = data?.data.find((one) => one.id === inference_id);
    if (found) return found.cost_usd;
  }
  return undefined;
}
