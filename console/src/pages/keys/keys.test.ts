import { describe, expect, it } from "vitest";
import { type Burn, sentence, spentAt, standing, terms, warnings, worst } from "./budgets";
import { type ApiKey, filtered, NO_LIMITS, stateOf } from "./keys";
import { PLACEHOLDER, SDKS, snippet } from "./snippets";

const KEY: ApiKey = {
  id: "key_1",
  name: "app",
  prefix: "vk_abc",
  scopes: ["inference"],
  tasks: [],
  operations: [],
  direct: false,
  limits: NO_LIMITS,
  expires_ms: 0,
  revoked_ms: 0,
  usable: true,
  created_ms: 1,
  root: false,
  short_lived: false,
  burns: [],
  requests: 0,
  cost_usd: 0,
  tokens: 0,
};
const DAY = Date.UTC(2026, 10, 24); // when the 23rd ends
const NOON = DAY - 12 * 3_600_000;

function burn(some: Partial<Burn>): Burn {
  return {
    limit: "usd_per_day",
    ceiling: 10,
    used: 2,
    leased: 0,
    left: 8,
    projected: 4,
    ends_ms: DAY,
    ...some,
  };
}

describe("keys", () => {
  it("have one state", () => {
    expect(stateOf(KEY)).toBe("usable");
    expect(stateOf({ usable: false, revoked_ms: 5 })).toBe("revoked");
    expect(stateOf({ usable: false, revoked_ms: 0 })).toBe("expired");
  });

  it("of pages are folded away", () => {
    const all = [KEY, { ...KEY, id: "key_2", name: "playground of ada", short_lived: true }];
    expect(filtered(all, {}).map((one) => one.id)).toEqual(["key_1"]);
    expect(filtered(all, { short: true })).toHaveLength(2);
    expect(filtered(all, { q: "nothing such" })).toHaveLength(0);
  });

  it("come with snippets that hold address, key and task", () => {
    for (const [sdk] of SDKS) {
      const text = snippet(sdk, "https://volant.test", "vk_clear", "triage");
      expect(text).toContain('"triage"');
      expect(text).toContain("vk_clear");
      expect(text).toContain("https://volant.test/");
      expect(snippet(sdk, "https://volant.test", PLACEHOLDER, "triage")).not.toContain("vk_clear");
    }
    const curl = snippet("curl", "https://volant.test", "vk_clear", "triage");
    expect(JSON.parse(/-d '(.*)'/.exec(curl)?.[1] ?? "")).toHaveProperty("model", "triage");
  });
});

describe("ceilings", () => {
  it("say their terms", () => {
    expect(terms("requests_per_minute", 60)).toBe("60 requests a minute");
    expect(terms("usd_per_day", 5)).toBe("$5.00 a day");
    expect(terms("concurrent", 4)).toBe("4 at once");
  });

  it("stand where they stand", () => {
    expect(standing(burn({}), NOON)).toBe("fine");
    expect(standing(burn({ used: 10 }), NOON)).toBe("exhausted");
    expect(standing(burn({ used: 6, projected: 12 }), NOON)).toBe("ending");
    expect(standing(burn({ used: 8.5, projected: 9 }), NOON)).toBe("near");
    expect(standing(burn({ limit: "concurrent", used: 0, leased: 10, projected: null }), NOON)).toBe("fine");
  });

  it("are spent when the pace says so", () => {
    // 6 of 10 in 12 hours: 0.5 an hour, the other 4 in 8 hours
    expect(spentAt(burn({ used: 6, projected: 12 }), NOON)).toBe(NOON + 8 * 3_600_000);
    expect(spentAt(burn({ used: 2, projected: 4 }), NOON)).toBeUndefined();
    expect(sentence("The key app", burn({ used: 6, projected: 12 }), NOON)).toBe(
      "The key app will have used up its budget of this day in 8 h if it goes on so: $6.00 of $10.00 so far.",
    );
  });

  it("that are nearly spent refuse what does not fit", () => {
    expect(sentence("It", burn({ used: 9.5, projected: 9.6 }), NOON)).toBe(
      "It: $9.50 of $10.00, nearly used up. What may need more than the $0.500 left is refused.",
    );
  });

  it("of a month begin with it", () => {
    const ends_ms = Date.UTC(2026, 11, 1);
    const month = burn({ limit: "usd_per_month", used: 5, projected: 15, ends_ms });
    // a third of the month's time for 5: the other 5 take as long
    const tenth = Date.UTC(2026, 10, 11);
    expect(spentAt(month, tenth)).toBe(Date.UTC(2026, 10, 21));
  });

  it("that run out come first", () => {
    const spent = burn({ used: 10 });
    const view = {
      now_ms: NOON,
      keys: [{ ...KEY, burns: [burn({ used: 6, projected: 12 }), burn({})] }],
      ceilings: [{ over: "task" as const, name: "triage", title: "triage", burns: [spent] }],
    };
    const found = warnings(view);
    expect(found.map((one) => one.standing)).toEqual(["exhausted", "ending"]);
    expect(found[0]?.sentence).toContain(
      "The task triage has used up its budget of this day: $10.00 of $10.00",
    );
    expect(worst([burn({}), spent])).toBe(spent);
  });
});
