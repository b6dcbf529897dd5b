import { describe, expect, it } from "vitest";
import { ago, bytes, ms, num, percent, points, short, shortId, title, usd } from "./format";

describe("numbers", () => {
  it.each([
    [0.42, "0.4 ms"],
    [9.97, "10 ms"],
    [38.4, "38 ms"],
    [999.6, "1 s"],
    [1250, "1.25 s"],
    [12_345, "12.3 s"],
    [200_000, "3 min 20 s"],
    [180_000, "3 min"],
    [7_500_000, "2 h 5 min"],
    [273_600_000, "3 d 4 h"],
  ])("%d ms is %s", (value, text) => expect(ms(value)).toBe(text));

  it.each([
    [0, "$0"],
    [0.000012, "$0.000012"],
    [0.0132, "$0.013"],
    [1.2, "$1.20"],
    [1204.4, "$1,204"],
    [-2, "−$2.00"],
  ])("%d dollars are %s", (value, text) => expect(usd(value)).toBe(text));

  it.each([
    [999, "999"],
    [1000, "1k"],
    [1234, "1.2k"],
    [907_392, "907k"],
    [999_960, "1M"],
    [1_234_567, "1.2M"],
    [0.123456, "0.123"],
  ])("%d is short %s", (value, text) => expect(short(value)).toBe(text));

  it("writes shares, points and sizes", () => {
    expect(percent(0.7196)).toBe("72.0 %");
    expect(points(-0.007)).toBe("−0.7 pts");
    expect(points(-0.0001)).toBe("+0.0 pts");
    expect(bytes(1536)).toBe("1.5 KiB");
    expect(bytes(22_614_016)).toBe("22 MiB");
  });

  it("has one sign for what is not known", () => {
    expect([num(undefined), ms(null), usd(Number.NaN), percent(undefined), short(null)]).toEqual(
      Array(5).fill("–"),
    );
  });
});

describe("times and names", () => {
  it.each([
    [1000, "now"],
    [59_000, "59 s ago"],
    [3_599_000, "59 min ago"],
    [35 * 3_600_000, "35 h ago"],
    [3 * 86_400_000, "3 d ago"],
    [100 * 86_400_000, "3 months ago"],
    [-90_000, "in 1 min"],
  ])("%d ms back is %s", (back, text) => expect(ago(1e12 - back, 1e12)).toBe(text));

  it("shortens ids so that they can be told apart", () => {
    expect(shortId("mdl_01a208409bf8700091e42fd340878f6c")).toBe("mdl_01a2…878f6c");
    expect(shortId("run_1")).toBe("run_1");
  });

  it("makes titles of names", () => expect(title("technical_failures")).toBe("Technical failures"));
});
