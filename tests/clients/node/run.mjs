// Runs a plan: JSON on stdin, [{id, client, baseUrl, key, model, ask}], and JSON on stdout, {id: told}.
import { AsyncLocalStorage } from "node:async_hooks";
import { CannotAsk } from "./common.mjs";

const AT_ONCE = 4;

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
  "other-azure": ["./others.mjs", "azure"],
  "other-anthropic": ["./others.mjs", "anthropic"],
  "other-genai": ["./others.mjs", "genai"],
  "other-vercel-openai": ["./others.mjs", "vercelOpenai"],
  "other-vercel-google": ["./others.mjs", "vercelGoogle"],
};

globalThis.AI_SDK_LOG_WARNINGS = false;
const hearing = new AsyncLocalStorage(); // of each ask, which its fetches tell the answer's headers
const fetched = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await fetched(...request);
  const ask = hearing.getStore();
  if (ask) ask.heard = Object.fromEntries(answer.headers);
  return answer;
};

const opened = new Map();
function driverOf({ client, baseUrl, key }) {
  const name = `${client} ${baseUrl} ${key}`;
  if (!opened.has(name)) {
    const [file, made] = CLIENTS[client];
    opened.set(name, import(file).then((module) => module[made](baseUrl, key)));
  }
  return opened.get(name);
}

async function run(one) {
  const { heard, ...got } = await hearing.run({ heard: {} }, () => tell(one));
  if (got.cannot) return got;
  got.warning = heard["x-volant-warning"] ?? "";
  got.headers = Object.fromEntries(Object.entries(heard).filter(([name]) => name.startsWith("x-")));
  return got;
}

async function tell(one) {
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
  return { ...got, heard: hearing.getStore().heard };
}

const pieces = [];
for await (const piece of process.stdin) pieces.push(piece);
const told = {};
const plan = JSON.parse(Buffer.concat(pieces).toString());
const work = plan.values();
async function some() {
  for (const one of work) told[one.id] = await run(one);
}
await Promise.all(Array.from({ length: AT_ONCE }, some));
process.stdout.write(JSON.stringify(told));
