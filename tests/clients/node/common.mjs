// What the drivers share: the tools, the results, and the answer's shape (tests/clients/asks.py has the same words).
export const WEATHER = {
  type: "object",
  properties: { city: { type: "string", description: "where" }, days: { type: "integer" } },
  required: ["city"],
};
export const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};
export const TOOLS = [
  { name: "weather", description: "The weather in a city", parameters: WEATHER },
  { name: "time", description: "The time in a city", parameters: WEATHER },
];
export const RESULTS = { weather: "21 degrees", time: "12:00" };
export const MAX_TOKENS = 2000;
export const THINKING_BUDGET = 1024;

export const told = () => ({
  text: "", calls: [], finish: "", thought: "", usage: {}, logprobs: [], answers: 1, pieces: 0, parsed: null,
});

// Without what is not said.
export const given = (values) =>
  Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== null && value !== undefined && value !== "" && value !== 0 && value?.length !== 0,
    ),
  );

export class CannotAsk extends Error {}

export function cannot(ask, ...names) {
  for (const name of names) {
    const value = ask[name];
    const empty = name === "parallel" ? value === null : !value || value.length === 0;
    if (!empty) throw new CannotAsk(name);
  }
}
