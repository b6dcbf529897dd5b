import { expect, test } from "vitest";
import { grouped, MOST_PICKED, newestOf, toggled } from "./dataset";

test("an answer is picked and let go, and there is a bound", () => {
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "a")).toEqual(["b"]);
  const full = Array.from({ length: MOST_PICKED }, (_, number) => `inf_${number}`);
  expect(toggled(full, "one more")).toBe(full);
  expect(toggled(full, "inf_3")).toHaveLength(MOST_PICKED - 1);
});

test("the same reasons stand together, the commonest first", () => {
  const refused = [
    { inference_id: "1", code: "leak", reason: "in the test" },
    { inference_id: "2", code: "unjudged", reason: "nobody judged it" },
    { inference_id: "3", code: "unjudged", reason: "nobody judged it" },
  ];
  expect(grouped(refused)).toEqual([
    { reason: "nobody judged it", ids: ["2", "3"] },
    { reason: "in the test", ids: ["1"] },
  ]);
});

test("a dataset stands once, with its newest version", () => {
  const versions = [
    { name: "desk", version: 1 },
    { name: "bank", version: 1 },
    { name: "desk", version: 3 },
    { name: "desk", version: 2 },
  ];
  expect(newestOf(versions)).toEqual([
    { name: "bank", version: 1 },
    { name: "desk", version: 3 },
  ]);
});
