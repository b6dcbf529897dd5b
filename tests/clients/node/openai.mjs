// The npm package `openai`: chat completions and responses.
import OpenAI from "openai";
import { PERSON, RESULTS, TOOLS, cannot, given, told } from "./common.mjs";

const open = (baseURL, apiKey) => new OpenAI({ baseURL, apiKey, maxRetries: 0 });

// ---------------------------------------------------------------- chat
export function chat(baseURL, apiKey) {
  const client = open(baseURL, apiKey);
  return async (model, ask) => {
    cannot(ask, "top_k", "failed");
    const messages = ask.system ? [{ role: "system", content: ask.system }] : [];
    for (const [role, content] of ask.history) messages.push({ role, content });
    messages.push({ role: "user", content: chatContent(ask) });
    let [got, message] = await chatOnce(client, model, messages, ask);
    if (ask.results && got.calls.length) {
      messages.push(message);
      for (const call of message.tool_calls)
        messages.push({ role: "tool", tool_call_id: call.id, content: RESULTS[call.function.name] });
      [got] = await chatOnce(client, model, messages, ask);
    }
    return got;
  };
}

function chatContent(ask) {
  const parts = [];
  if (ask.image || ask.image_url)
    parts.push({ type: "image_url", image_url: { url: ask.image_url || `data:image/png;base64,${ask.image}` } });
  if (ask.pdf)
    parts.push({
      type: "file",
      file: { filename: "paper.pdf", file_data: `data:application/pdf;base64,${ask.pdf}` },
    });
  if (ask.audio) parts.push({ type: "input_audio", input_audio: { data: ask.audio, format: "wav" } });
  return parts.length ? [{ type: "text", text: ask.prompt }, ...parts] : ask.prompt;
}

function chatOptions(ask) {
  const more = given({
    max_completion_tokens: ask.max_tokens, stop: ask.stop, seed: ask.seed, n: ask.n, temperature: ask.temperature,
    frequency_penalty: ask.penalty, safety_identifier: ask.user, reasoning_effort: ask.thinking ? "low" : "",
  });
  if (ask.tools) more.tools = TOOLS.map((one) => ({ type: "function", function: one }));
  if (ask.choice)
    more.tool_choice = ["required", "none"].includes(ask.choice)
      ? ask.choice
      : { type: "function", function: { name: ask.choice } };
  if (ask.parallel !== null) more.parallel_tool_calls = ask.parallel;
  if (ask.schema)
    more.response_format = { type: "json_schema", json_schema: { name: "person", schema: PERSON, strict: true } };
  if (ask.json) more.response_format = { type: "json_object" };
  if (ask.logprobs) Object.assign(more, { logprobs: true, top_logprobs: ask.logprobs });
  return more;
}

async function chatOnce(client, model, messages, ask) {
  const body = { model, messages, ...chatOptions(ask) };
  const got = told();
  let completion;
  if (ask.stream) {
    const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    stream.on("content.delta", () => {
      got.pieces += 1;
    });
    stream.on("chunk", (chunk) => {
      got.thought += chunk.choices[0]?.delta.reasoning_content ?? ""; // the SDK keeps only the last piece
    });
    completion = await stream.finalChatCompletion();
  } else {
    completion = await client.chat.completions.create(body);
  }
  const [choice] = completion.choices;
  const message = choice.message;
  got.text = message.content || message.refusal || "";
  for (const call of message.tool_calls ?? [])
    got.calls.push([call.function.name, JSON.parse(call.function.arguments)]);
  got.finish = message.refusal || choice.finish_reason === "content_filter" ? "refusal" : choice.finish_reason;
  if (!ask.stream) got.thought = message.reasoning_content ?? "";
  got.answers = completion.choices.length;
  for (const one of choice.logprobs?.content ?? [])
    got.logprobs.push([one.token, one.logprob, one.top_logprobs.length]);
  const usage = completion.usage;
  if (usage)
    got.usage = {
      input: usage.prompt_tokens, output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
    };
  const { parsed, ...plain } = message;
  plain.tool_calls = plain.tool_calls?.map(({ function: { parsed_arguments, ...called }, ...call }) => ({
    ...call, function: called,
  }));
  return [got, JSON.parse(JSON.stringify(plain))];
}

// ---------------------------------------------------------------- responses
export function responses(baseURL, apiKey) {
  const client = open(baseURL, apiKey);
  return async (model, ask) => {
    cannot(ask, "stop", "seed", "top_k", "penalty", "n", "failed", "audio");
    const input = ask.history.map(([role, content]) => ({ role, content }));
    input.push({ role: "user", content: responseContent(ask) });
    let [got, output] = await responseOnce(client, model, input, ask);
    if (ask.results && got.calls.length) {
      input.push(...output);
      for (const item of output)
        if (item.type === "function_call")
          input.push({ type: "function_call_output", call_id: item.call_id, output: RESULTS[item.name] });
      [got] = await responseOnce(client, model, input, ask);
    }
    return got;
  };
}

function responseContent(ask) {
  const parts = [];
  if (ask.image || ask.image_url)
    parts.push({
      type: "input_image", detail: "auto", image_url: ask.image_url || `data:image/png;base64,${ask.image}`,
    });
  if (ask.pdf)
    parts.push({
      type: "input_file", filename: "paper.pdf", file_data: `data:application/pdf;base64,${ask.pdf}`,
    });
  return parts.length ? [{ type: "input_text", text: ask.prompt }, ...parts] : ask.prompt;
}

async function responseOnce(client, model, input, ask) {
  const include = [
    ...(ask.thinking ? ["reasoning.encrypted_content"] : []),
    ...(ask.logprobs ? ["message.output_text.logprobs"] : []),
  ];
  const body = {
    model, input, store: false,
    ...given({
      max_output_tokens: ask.max_tokens, temperature: ask.temperature, instructions: ask.system,
      safety_identifier: ask.user, top_logprobs: ask.logprobs, include,
    }),
  };
  if (ask.thinking) body.reasoning = { effort: "low", summary: "auto" };
  if (ask.tools) body.tools = TOOLS.map((one) => ({ type: "function", strict: false, ...one }));
  if (ask.choice)
    body.tool_choice = ["required", "none"].includes(ask.choice)
      ? ask.choice
      : { type: "function", name: ask.choice };
  if (ask.parallel !== null) body.parallel_tool_calls = ask.parallel;
  if (ask.schema) body.text = { format: { type: "json_schema", name: "person", schema: PERSON, strict: true } };
  if (ask.json) body.text = { format: { type: "json_object" } };
  const got = told();
  let response;
  if (ask.stream) {
    const stream = client.responses.stream(body);
    stream.on("response.output_text.delta", () => {
      got.pieces += 1;
    });
    response = await stream.finalResponse();
  } else {
    response = await client.responses.create(body);
  }
  got.finish = response.status === "incomplete" ? "length" : "stop";
  for (const item of response.output) {
    if (item.type === "message")
      for (const part of item.content) {
        if (part.type === "refusal") Object.assign(got, { text: got.text + part.refusal, finish: "refusal" });
        else {
          got.text += part.text;
          for (const one of part.logprobs ?? []) got.logprobs.push([one.token, one.logprob, one.top_logprobs.length]);
        }
      }
    else if (item.type === "function_call") {
      got.calls.push([item.name, JSON.parse(item.arguments)]);
      got.finish = "tool_calls";
    } else if (item.type === "reasoning") got.thought += item.summary.map((one) => one.text).join("");
  }
  if (response.incomplete_details?.reason === "content_filter") got.finish = "refusal";
  got.usage = {
    input: response.usage.input_tokens, output: response.usage.output_tokens,
    cached: response.usage.input_tokens_details.cached_tokens,
    reasoning: response.usage.output_tokens_details.reasoning_tokens,
  };
  const output = response.output.map((item) => {
    const { parsed_arguments, ...rest } = item;
    if (rest.content) rest.content = rest.content.map(({ parsed, ...part }) => part);
    return rest;
  });
  return [got, JSON.parse(JSON.stringify(output))];
}
