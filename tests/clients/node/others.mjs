// What is not a chat, by the npm SDKs: embeddings, token counts, models, moderations, completions. One function an SDK:
// (baseURL, key) → (model, ask) → what was told, as plain values.
import Anthropic from "@anthropic-ai/sdk";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { GoogleGenAI } from "@google/genai";
import { embedMany } from "ai";
import OpenAI, { AzureOpenAI } from "openai";

const collect = async (pages) => {
  const found = [];
  for await (const one of pages) found.push(one.id ?? one.name);
  return found;
};

export const openai = (baseURL, apiKey) => {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  return async (model, { operation, texts }) => {
    if (operation === "models") return { models: await collect(client.models.list()) };
    if (operation === "moderations") {
      const answer = await client.moderations.create({ model, input: texts });
      return { flagged: answer.results.map((one) => one.flagged) };
    }
    if (operation === "completions") {
      const answer = await client.completions.create({ model, prompt: texts[0], max_tokens: 100 });
      return { text: answer.choices[0].text };
    }
    const answer = await client.embeddings.create({ model, input: texts }); // asks for base64 by itself
    return { vectors: answer.data.map((one) => [...one.embedding]) };
  };
};

export const azure = (endpoint, apiKey) => {
  const client = new AzureOpenAI({ endpoint, apiKey, apiVersion: "2024-10-21", maxRetries: 0 });
  return async (model, { operation, texts }) => {
    if (operation === "chat") {
      const answer = await client.chat.completions.create({ model, messages: [{ role: "user", content: texts[0] }] });
      return { text: answer.choices[0].message.content };
    }
    const answer = await client.embeddings.create({ model, input: texts });
    return { vectors: answer.data.map((one) => [...one.embedding]) };
  };
};

export const anthropic = (baseURL, apiKey) => {
  const client = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
  return async (model, { operation, texts }) => {
    if (operation === "models") return { models: await collect(client.models.list()) };
    const messages = [{ role: "user", content: texts[0] }];
    return { tokens: (await client.messages.countTokens({ model, messages })).input_tokens };
  };
};

export const genai = (baseUrl, apiKey) => {
  const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
  return async (model, { operation, texts }) => {
    if (operation === "models") return { models: await collect(await client.models.list()) };
    if (operation === "count")
      return { tokens: (await client.models.countTokens({ model, contents: texts[0] })).totalTokens };
    const answer = await client.models.embedContent({ model, contents: texts });
    return { vectors: answer.embeddings.map((one) => one.values) };
  };
};

const vercel = (modelOf) => async (model, { texts }) => {
  const { embeddings } = await embedMany({ model: modelOf(model), values: texts, maxRetries: 0 });
  return { vectors: embeddings };
};

export const vercelOpenai = (baseURL, apiKey) => {
  const provider = createOpenAI({ baseURL, apiKey });
  return vercel((model) => provider.embeddingModel(model));
};

export const vercelGoogle = (baseURL, apiKey) => {
  const provider = createGoogle({ baseURL: `${baseURL}/v1beta`, apiKey });
  return vercel((model) => provider.embeddingModel(model));
};
