// Runs a plan: JSON on stdin, [{id, client, baseUrl, key, model, ask}], and JSON on stdout, {id: told}.
import { CannotAsk } from "./common.mjs";

const CLIENTS = {
  "node-openai-chat": ["./openai.mjs", "chat"],
  "node-openai-responses": ["./openai.mjs", "responses"],
  "node-anthropic": ["./anthropic.mjs", "messages"],
  "node-genai": ["./genai.mjs", "generate"],
  "vercel-openai": ["./vercel.mjs", "openaiResponses"],
  "vercel-openai-chat": ["./vercel.mjs", "openaiChat"],
  "vercel-anthropic": ["./vercel.mjs", "anthropic"],
  "vercel-google": ["./vercel.mjs", "google"],
  "other-openai": ["./others.mjs", "openai"],
  "other-anthropic": ["./others.mjs", "anthropic"],
  "other-genai": ["./others.mjs", "genai"],
  "other-vercel-openai": ["./others.mjs", "vercelOpenai"],
  "other-vercel-google": ["./others.mjs", "vercelGoogle"],
};

globalThis.AI_SDK_LOG_WARNINGS = false;
let heard = {};
const fetched = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await fetched(...request);
  heard = Object.fromEntries(answer.headers);
  return answer;
};

const opened = new Map();
async function driverOf({ client, baseUrl, key }) {
  const name = `${client} ${baseUrl} ${key}`;
  if (!opened.has(name)) {
    const [file, made] = CLIENTS[client];
    opened.set(name, (await import(file))[made](baseUrl, key));
  }
  return opened.get(name);
}

async function run(one) {
  heard = {};
  let got;
  try {
    const ask = await driverOf(one);
    got = await ask(one.model, one.ask);
    if (one.ask.schema && got.text) got.parsed = JSON.parse(got.text);
  } catch (error) {
    if (error instanceof CannotAsk) return { cannot: error.message };
    got = {
      error: error?.constructor?.name ?? "Error",
      status: Number(error?.status ?? error?.statusCode ?? 0) || 0,
      message: `${error?.message ?? JSON.stringify(error)} ${error?.responseBody ?? ""}`,
    };
  }
  got.warning = heard["x-volant-warning"] ?? "";
  got.headers = Object.fromEntries(Object.entries(heard).filter(([name]) => name.startsWith("x-")));
  return got;
}

const pieces = [];
for await (const piece of process.stdin) pieces.push(piece);
const told = {};
for (const one of JSON.parse(Buffer.concat(pieces).toString())) told[one.id] = await run(one);
process.stdout.write(JSON.stringify(told));
