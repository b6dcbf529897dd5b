import { describe, expect, it } from "vitest";
import { type Deployment, filtered, type Live, merged, stateOf, troubles } from "./places";

const ONE = {
  name: "big",
  provider: "openai",
  model: "gpt-5",
  region: "eu",
  address: "",
  model_id: "",
  engine: "",
  engine_state: "",
  healthy: true,
  used_by: [],
  requests_per_minute: 100,
  tokens_per_minute: 0,
} as unknown as Deployment;
const WORKER = {
  worker: 0,
  state: "closed",
  rests_ms: 0,
  failures: 0,
  in_flight: 1,
  max_in_flight: 8,
  ttft_ms: 20,
};
const LIVE: Live = {
  name: "big",
  state: "closed",
  in_flight: 1,
  max_in_flight: 8,
  ttft_ms: 20,
  failures: 0,
  requests_minute: 5,
  tokens_minute: 0,
  workers: [WORKER],
};

describe("deployments", () => {
  const view = { now_ms: 1, deployments: [ONE, { ...ONE, name: "small" }], regions: ["eu"], recent: 0 };
  const live = { now_ms: 1, workers: 1, refused: {}, places: [LIVE] };

  it("are laid together with what the workers say", () => {
    const rows = merged(view, live);
    expect(rows.map(stateOf)).toEqual(["closed", "unknown"]);
    expect(filtered(rows, { state: ["unknown"] }).map((row) => row.name)).toEqual(["small"]);
    expect(filtered(rows, { q: "BIG eu" })).toHaveLength(1);
    expect(merged(undefined, live)).toEqual([]);
  });

  it("say what troubles them", () => {
    expect(troubles({ ...ONE, live: LIVE })).toEqual([]);
    const shut = { ...LIVE, state: "open", failures: 7, workers: [{ ...WORKER, state: "open" }] };
    expect(troubles({ ...ONE, live: shut })[0]).toContain("7 failures in a row");
    expect(troubles({ ...ONE, live: { ...LIVE, requests_minute: 95 } })[0]).toContain("requests a minute");
    expect(stateOf({ ...ONE, engine: "e", engine_state: "failed", live: LIVE })).toBe("down");
  });
});
