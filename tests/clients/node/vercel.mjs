// The npm package `ai` with the providers for OpenAI (responses, chat), Anthropic and Google.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { Output, generateText, jsonSchema, streamText, tool } from "ai";
import { MAX_TOKENS, PERSON, RESULTS, THINKING_BUDGET, TOOLS, cannot, given, told } from "./common.mjs";

const thinking = { thinking: { type: "enabled", budgetTokens: THINKING_BUDGET } };
const shown = { thinkingConfig: { includeThoughts: true, thinkingBudget: THINKING_BUDGET } };
const NEVER = ["image_url", "json", "user", "failed", "n"]; // it fetches URLs by itself

export const openaiResponses = (baseURL, apiKey) => {
  const provider = createOpenAI({ baseURL, apiKey });
  return driver((model) => provider(model), [...NEVER, "stop", "seed", "top_k", "penalty", "audio"], (ask) => ({
    openai: {
      store: false,
      ...(ask.thinking ? { forceReasoning: true, reasoningEffort: "low", reasoningSummary: "auto" } : {}),
      ...(ask.parallel === null ? {} : { parallelToolCalls: ask.parallel }),
      ...(ask.logprobs ? { logprobs: ask.logprobs } : {}),
    },
  }));
};

export const openaiChat = (baseURL, apiKey) => {
  const provider = createOpenAI({ baseURL, apiKey });
  return driver((model) => provider.chat(model), [...NEVER, "thinking", "top_k"], (ask) => ({
    openai: {
      ...(ask.parallel === null ? {} : { parallelToolCalls: ask.parallel }),
      ...(ask.logprobs ? { logprobs: ask.logprobs } : {}),
    },
  }));
};

export const anthropic = (baseURL, apiKey) => {
  const provider = createAnthropic({ baseURL: `${baseURL}/v1`, apiKey });
  return driver((model) => provider(model), [...NEVER, "logprobs", "seed", "penalty", "audio"], (ask) => ({
    anthropic: {
      ...(ask.thinking ? thinking : {}),
      ...(ask.parallel === null ? {} : { disableParallelToolUse: !ask.parallel }),
      ...(ask.schema ? { structuredOutputMode: "outputFormat" } : {}),
    },
  }));
};

export const google = (baseURL, apiKey) => {
  const provider = createGoogle({ baseURL: `${baseURL}/v1beta`, apiKey });
  return driver((model) => provider(model), [...NEVER, "logprobs", "parallel"], (ask) => ({
    google: ask.thinking ? shown : {},
  }));
};

function driver(modelOf, never, options) {
  return async (model, ask) => {
    cannot(ask, ...never);
    const messages = ask.history.map(([role, content]) => ({ role, content }));
    messages.push({ role: "user", content: content(ask) });
    let [got, said] = await once(modelOf(model), messages, ask, options(ask));
    if (ask.results && got.calls.length) {
      messages.push(...said);
      const calls = said.flatMap((one) => (Array.isArray(one.content) ? one.content : []));
      messages.push({
        role: "tool",
        content: calls
          .filter((part) => part.type === "tool-call")
          .map(({ toolCallId, toolName }) => ({
            type: "tool-result", toolCallId, toolName, output: { type: "text", value: RESULTS[toolName] },
          })),
      });
      [got] = await once(modelOf(model), messages, ask, options(ask));
    }
    return got;
  };
}

function content(ask) {
  const parts = [{ type: "text", text: ask.prompt }];
  if (ask.image) parts.push({ type: "file", data: ask.image, mediaType: "image/png" });
  if (ask.pdf) parts.push({ type: "file", data: ask.pdf, mediaType: "application/pdf", filename: "paper.pdf" });
  if (ask.audio) parts.push({ type: "file", data: ask.audio, mediaType: "audio/wav" });
  return parts;
}

async function once(model, messages, ask, providerOptions) {
  const settings = {
    model, messages, providerOptions, maxRetries: 0, maxOutputTokens: ask.max_tokens || MAX_TOKENS,
    ...given({
      instructions: ask.system, stopSequences: ask.stop, seed: ask.seed, temperature: ask.temperature,
      topK: ask.top_k, frequencyPenalty: ask.penalty,
    }),
  };
  if (ask.tools)
    settings.tools = Object.fromEntries(
      TOOLS.map(({ name, description, parameters }) => [
        name, tool({ description, inputSchema: jsonSchema(parameters) }),
      ]),
    );
  if (ask.choice)
    settings.toolChoice = ["required", "none"].includes(ask.choice)
      ? ask.choice
      : { type: "tool", toolName: ask.choice };
  if (ask.schema) settings.output = Output.object({ schema: jsonSchema(PERSON) });
  const got = told();
  let result;
  if (ask.stream) {
    let failure;
    const stream = streamText({
      ...settings,
      onError: ({ error }) => {
        failure = error;
      },
    });
    for await (const _ of stream.textStream) got.pieces += 1;
    if (failure) throw failure;
    result = {
      text: await stream.text, toolCalls: await stream.toolCalls, finishReason: await stream.finishReason,
      reasoningText: await stream.reasoningText, usage: await stream.usage,
      messages: await stream.responseMessages, metadata: await stream.providerMetadata,
    };
  } else {
    const made = await generateText(settings);
    result = {
      text: made.text, toolCalls: made.toolCalls, finishReason: made.finishReason, reasoningText: made.reasoningText,
      usage: made.usage, messages: made.responseMessages, metadata: made.providerMetadata,
    };
  }
  got.text = result.text;
  got.calls = result.toolCalls.map(({ toolName, input }) => [toolName, input]);
  got.finish = { "tool-calls": "tool_calls", "content-filter": "refusal" }[result.finishReason] ?? result.finishReason;
  got.thought = result.reasoningText ?? "";
  got.usage = {
    input: result.usage.inputTokens, output: result.usage.outputTokens,
    cached: result.usage.inputTokenDetails.cacheReadTokens, reasoning: result.usage.outputTokenDetails.reasoningTokens,
  };
  const found = result.metadata?.openai?.logprobs;
  for (const one of Array.isArray(found?.[0]) ? found.flat() : (found ?? []))
    got.logprobs.push([one.token, one.logprob, one.top_logprobs?.length ?? 0]);
  return [got, result.messages];
}
