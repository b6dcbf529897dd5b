// The npm package `@google/genai`: generateContent and its stream.
import { GoogleGenAI } from "@google/genai";
import { PERSON, RESULTS, THINKING_BUDGET, TOOLS, cannot, given, told } from "./common.mjs";

export function generate(baseUrl, apiKey) {
  const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl, retryOptions: { attempts: 1 } } });
  return async (model, ask) => {
    cannot(ask, "user", "parallel");
    const contents = ask.history.map(([role, text]) => ({
      role: role === "assistant" ? "model" : role,
      parts: [{ text }],
    }));
    contents.push({ role: "user", parts: parts(ask) });
    let [got, content] = await once(client, model, contents, ask);
    if (ask.results && got.calls.length) {
      contents.push(content);
      const answers = content.parts
        .filter((part) => part.functionCall)
        .map(({ functionCall: { id, name } }) => ({
          functionResponse: { id, name, response: { [ask.failed ? "error" : "output"]: RESULTS[name] } },
        }));
      contents.push({ role: "user", parts: answers });
      [got] = await once(client, model, contents, ask);
    }
    return got;
  };
}

function parts(ask) {
  const made = [{ text: ask.prompt }];
  const media = { "image/png": ask.image, "application/pdf": ask.pdf, "audio/wav": ask.audio };
  for (const [mimeType, data] of Object.entries(media)) if (data) made.push({ inlineData: { mimeType, data } });
  if (ask.image_url) made.push({ fileData: { fileUri: ask.image_url, mimeType: "image/png" } });
  return made;
}

function settings(ask) {
  const config = given({
    systemInstruction: ask.system, stopSequences: ask.stop, seed: ask.seed, candidateCount: ask.n,
    temperature: ask.temperature, topK: ask.top_k, frequencyPenalty: ask.penalty, maxOutputTokens: ask.max_tokens,
    logprobs: ask.logprobs,
  });
  if (ask.logprobs) config.responseLogprobs = true;
  if (ask.tools) {
    const declared = TOOLS.map(({ name, description, parameters }) => ({
      name, description, parametersJsonSchema: parameters,
    }));
    config.tools = [{ functionDeclarations: declared }];
  }
  if (ask.choice) {
    const calling = { mode: ask.choice === "none" ? "NONE" : "ANY" };
    if (!["none", "required"].includes(ask.choice)) calling.allowedFunctionNames = [ask.choice];
    config.toolConfig = { functionCallingConfig: calling };
  }
  if (ask.schema || ask.json) config.responseMimeType = "application/json";
  if (ask.schema) config.responseJsonSchema = PERSON;
  if (ask.thinking) config.thinkingConfig = { includeThoughts: true, thinkingBudget: THINKING_BUDGET };
  return config;
}

async function once(client, model, contents, ask) {
  const request = { model, contents, config: settings(ask) };
  const got = told();
  if (!ask.stream) {
    const answer = await client.models.generateContent(request);
    read(answer, got);
    got.answers = answer.candidates?.length ?? 0;
    return [got, answer.candidates?.[0]?.content];
  }
  const all = [];
  for await (const chunk of await client.models.generateContentStream(request)) {
    const before = got.text;
    read(chunk, got);
    if (got.text !== before) got.pieces += 1;
    all.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
  }
  return [got, { role: "model", parts: all }];
}

function read(answer, got) {
  const candidate = answer.candidates?.[0];
  for (const part of candidate?.content?.parts ?? []) {
    if (part.thought) got.thought += part.text ?? "";
    else if (part.functionCall) got.calls.push([part.functionCall.name, part.functionCall.args]);
    else got.text += part.text ?? "";
  }
  if (candidate?.finishReason)
    got.finish = { STOP: "stop", MAX_TOKENS: "length" }[candidate.finishReason] ?? "refusal";
  if (got.calls.length && got.finish === "stop") got.finish = "tool_calls";
  const found = candidate?.logprobsResult;
  (found?.chosenCandidates ?? []).forEach((one, at) => {
    got.logprobs.push([one.token, one.logProbability, found.topCandidates?.[at]?.candidates?.length ?? 0]);
  });
  const usage = answer.usageMetadata;
  if (usage) {
    const reasoning = usage.thoughtsTokenCount ?? 0;
    got.usage = {
      input: usage.promptTokenCount ?? 0, output: (usage.candidatesTokenCount ?? 0) + reasoning,
      cached: usage.cachedContentTokenCount ?? 0, reasoning,
    };
  }
}
