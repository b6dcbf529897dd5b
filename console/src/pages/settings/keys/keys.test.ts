import { describe, expect, it } from "vitest";
import { type ApiKey, limits, snippets, stateOf } from "./keys";

const KEY: ApiKey = {
  id: "key_1",
  name: "app",
  prefix: "vk_abc",
  scopes: ["inference"],
  tasks: [],
  requests_per_minute: 0,
  usd_per_day: 0,
  expires_ms: 0,
  revoked_ms: 0,
  usable: true,
  created_ms: 1,
};

describe("keys", () => {
  it("have one state", () => {
    expect(stateOf(KEY)).toBe("usable");
    expect(stateOf({ ...KEY, usable: false, revoked_ms: 5 })).toBe("revoked");
    expect(stateOf({ ...KEY, usable: false, expires_ms: 5 })).toBe("expired");
  });

  it("say their limits", () => {
    expect(limits(KEY)).toBe("");
    expect(limits({ requests_per_minute: 60, usd_per_day: 5 })).toBe("60 a minute, $5.00 a day");
  });

  it("come with snippets that hold address, key and task", () => {
    const { curl, python } = snippets("https://volant.test", "vk_clear", "triage");
    expect(curl).toContain("https://volant.test/v1/chat/completions");
    expect(curl).toContain("Bearer vk_clear");
    expect(JSON.parse(/-d '(.*)'/.exec(curl)?.[1] ?? "")).toHaveProperty("model", "triage");
    expect(python).toContain('base_url="https://volant.test/v1", api_key="vk_clear"');
  });
});
