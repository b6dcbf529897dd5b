/** The loop's stages, and where several things on one stage stand. Pure. */

export const STAGES = [
  { id: "data", name: "Data" },
  { id: "train", name: "Train" },
  { id: "evaluate", name: "Evaluate" },
  { id: "gate", name: "Gate" },
  { id: "rollout", name: "Roll out" },
  { id: "monitor", name: "Monitor" },
] as const;

export type Stage = (typeof STAGES)[number]["id"];

const PER_ROW = 2;
const WIDE = 52;

/** Two in a row, rows outwards; each row is centred on its stage. */
export function placesOn<T extends { stage: Stage }>(things: T[]): { thing: T; x: number; row: number }[] {
  const out: { thing: T; x: number; row: number }[] = [];
  for (const { id } of STAGES) {
    const here = things.filter((thing) => thing.stage === id);
    here.forEach((thing, number) => {
      const row = Math.floor(number / PER_ROW);
      const inRow = Math.min(PER_ROW, here.length - row * PER_ROW);
      out.push({ thing, row, x: ((number % PER_ROW) - (inRow - 1) / 2) * WIDE });
    });
  }
  return out;
}
