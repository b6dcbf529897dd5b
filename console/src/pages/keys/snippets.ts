/** How to call this server with each SDK: its address, a task's name, and the key. Pure. */

export const SDKS = [
  ["openai-python", "OpenAI, Python"],
  ["openai-js", "OpenAI, JavaScript"],
  ["anthropic-python", "Anthropic, Python"],
  ["anthropic-js", "Anthropic, JavaScript"],
  ["google-genai", "google-genai, Python"],
  ["vercel", "Vercel AI SDK"],
  ["curl", "curl"],
] as const;
export type Sdk = (typeof SDKS)[number][0];
export const PLACEHOLDER = "vk_…";

/** `url`: this server's, without a slash at its end. */
export function snippet(sdk: Sdk, url: string, key: string, task: string): string {
  const messages = '[{"role": "user", "content": "Hello"}]';
  const js = '[{ role: "user", content: "Hello" }]';
  const [model, address] = [JSON.stringify(task), (path: string) => JSON.stringify(`${url}${path}`)];
  switch (sdk) {
    case "openai-python":
      return lines(
        "from openai import OpenAI",
        "",
        `client = OpenAI(base_url=${address("/v1")}, api_key="${key}")`,
        "answer = client.chat.completions.create(",
        `    model=${model},`,
        `    messages=${messages},`,
        ")",
        "print(answer.choices[0].message.content)",
      );
    case "openai-js":
      return lines(
        'import OpenAI from "openai";',
        "",
        `const client = new OpenAI({ baseURL: ${address("/v1")}, apiKey: "${key}" });`,
        "const answer = await client.chat.completions.create({",
        `  model: ${model},`,
        `  messages: ${js},`,
        "});",
        "console.log(answer.choices[0].message.content);",
      );
    case "anthropic-python":
      return lines(
        "from anthropic import Anthropic",
        "",
        `client = Anthropic(base_url=${address("/anthropic")}, api_key="${key}")`,
        "answer = client.messages.create(",
        `    model=${model},`,
        "    max_tokens=200,",
        `    messages=${messages},`,
        ")",
        "print(answer.content[0].text)",
      );
    case "anthropic-js":
      return lines(
        'import Anthropic from "@anthropic-ai/sdk";',
        "",
        `const client = new Anthropic({ baseURL: ${address("/anthropic")}, apiKey: "${key}" });`,
        "const answer = await client.messages.create({",
        `  model: ${model},`,
        "  max_tokens: 200,",
        `  messages: ${js},`,
        "});",
        "console.log(answer.content[0].text);",
      );
    case "google-genai":
      return lines(
        "from google import genai",
        "from google.genai import types",
        "",
        `here = types.HttpOptions(base_url=${address("/gemini")})`,
        `client = genai.Client(api_key="${key}", http_options=here, vertexai=False)`,
        `answer = client.models.generate_content(model=${model}, contents="Hello")`,
        "print(answer.text)",
      );
    case "vercel":
      return lines(
        'import { createOpenAI } from "@ai-sdk/openai";',
        'import { generateText } from "ai";',
        "",
        `const volant = createOpenAI({ baseURL: ${address("/v1")}, apiKey: "${key}" });`,
        `const answer = await generateText({ model: volant(${model}), prompt: "Hello" });`,
        "console.log(answer.text);",
      );
    case "curl":
      return lines(
        `curl ${url}/v1/chat/completions \\`,
        `  -H "Authorization: Bearer ${key}" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '{"model": ${model}, "messages": ${messages}}'`,
      );
  }
}

function lines(...all: string[]): string {
  return all.join("\n");
}
