// The npm package `@anthropic-ai/sdk`: messages.
import Anthropic from "@anthropic-ai/sdk";
import { MAX_TOKENS, PERSON, RESULTS, THINKING_BUDGET, TOOLS, cannot, given, told } from "./common.mjs";

const FINISH = { end_turn: "stop", stop_sequence: "stop", max_tokens: "length", tool_use: "tool_calls" };

export function messages(baseURL, apiKey) {
  const client = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
  return async (model, ask) => {
    cannot(ask, "seed", "penalty", "n", "audio", "logprobs", "json", "temperature", "top_k");
    const turns = ask.history.map(([role, content]) => ({ role, content }));
    turns.push({ role: "user", content: content(ask) });
    let [got, blocks] = await once(client, model, turns, ask);
    if (ask.results && got.calls.length) {
      turns.push({ role: "assistant", content: blocks });
      const results = blocks
        .filter((block) => block.type === "tool_use")
        .map((block) => ({
          type: "tool_result", tool_use_id: block.id, content: RESULTS[block.name],
          ...(ask.failed ? { is_error: true } : {}),
        }));
      turns.push({ role: "user", content: results });
      [got] = await once(client, model, turns, ask);
    }
    return got;
  };
}

function content(ask) {
  const parts = [];
  if (ask.image)
    parts.push({ type: "image", source: { type: "base64", media_type: "image/png", data: ask.image } });
  if (ask.image_url) parts.push({ type: "image", source: { type: "url", url: ask.image_url } });
  if (ask.pdf)
    parts.push({
      type: "document", title: "paper",
      source: { type: "base64", media_type: "application/pdf", data: ask.pdf },
    });
  return parts.length ? [...parts, { type: "text", text: ask.prompt }] : ask.prompt;
}

async function once(client, model, turns, ask) {
  const body = {
    model, messages: turns, max_tokens: ask.max_tokens || MAX_TOKENS,
    ...given({ system: ask.system, stop_sequences: ask.stop }),
  };
  if (ask.user) body.metadata = { user_id: ask.user };
  if (ask.tools)
    body.tools = TOOLS.map(({ name, description, parameters }) => ({
      name, description, input_schema: parameters,
    }));
  if (ask.choice)
    body.tool_choice =
      { required: { type: "any" }, none: { type: "none" } }[ask.choice] ?? { type: "tool", name: ask.choice };
  if (ask.parallel !== null)
    body.tool_choice = { ...(body.tool_choice ?? { type: "auto" }), disable_parallel_tool_use: !ask.parallel };
  if (ask.schema) body.output_config = { format: { type: "json_schema", schema: PERSON } };
  if (ask.thinking) body.thinking = { type: "enabled", budget_tokens: THINKING_BUDGET };
  const got = told();
  let message;
  if (ask.stream) {
    const stream = client.messages.stream(body);
    stream.on("text", () => {
      got.pieces += 1;
    });
    message = await stream.finalMessage();
  } else {
    message = await client.messages.create(body);
  }
  for (const block of message.content) {
    if (block.type === "text") got.text += block.text;
    if (block.type === "thinking") got.thought += block.thinking;
    if (block.type === "tool_use") got.calls.push([block.name, block.input]);
  }
  got.finish = FINISH[message.stop_reason] ?? message.stop_reason;
  const usage = message.usage;
  const cached = usage.cache_read_input_tokens ?? 0;
  got.usage = {
    input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0), output: usage.output_tokens, cached,
    reasoning: usage.output_tokens_details?.thinking_tokens,
  };
  return [got, JSON.parse(JSON.stringify(message.content))];
}
