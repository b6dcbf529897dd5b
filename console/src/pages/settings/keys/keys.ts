/** A key's state and its terms, as people read them. Pure. */
import { format } from "~/kit";
import type { Settings } from "../parts";

export type ApiKey = NonNullable<Settings["keys"]>[number];

export const SCOPES: Record<string, string> = {
  inference: "Call tasks through the gateway",
  feedback: "Judge answers",
  read: "Read everything, what people wrote included",
  write: "Configure, train, evaluate, release",
  admin: "Everything in this project",
};

export function stateOf(key: ApiKey): "usable" | "revoked" | "expired" {
  if (key.usable) return "usable";
  return key.revoked_ms ? "revoked" : "expired";
}

/** `60 a minute, $5.00 a day`; empty: no limit. */
export function limits(key: Pick<ApiKey, "requests_per_minute" | "usd_per_day">): string {
  const parts = [
    key.requests_per_minute ? `${format.num(key.requests_per_minute)} a minute` : "",
    key.usd_per_day ? `${format.usd(key.usd_per_day)} a day` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** How to use it at once: two snippets. */
export function snippets(origin: string, clear: string, task: string): { curl: string; python: string } {
  const body = `{"model": "${task}", "messages": [{"role": "user", "content": "Hello"}]}`;
  return {
    curl: [
      `curl ${origin}/v1/chat/completions \\`,
      `  -H "Authorization: Bearer ${clear}" \\`,
      `  -H "Content-Type: application/json" \\`,
      `  -d '${body}'`,
    ].join("\n"),
    python: [
      "from openai import OpenAI",
      "",
      `client = OpenAI(base_url="${origin}/v1", api_key="${clear}")`,
      "answer = client.chat.completions.create(",
      `    model="${task}",`,
      '    messages=[{"role": "user", "content": "Hello"}],',
      ")",
      "print(answer.choices[0].message.content)",
    ].join("\n"),
  };
}
