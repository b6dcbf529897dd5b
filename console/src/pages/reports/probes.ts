/** Notes of a report that count by probe, as rows: "Successes by attack: authority 2 of 19, …". Pure. */

export interface Probes {
  title: string;
  rows: { name: string; count: number; of: number }[];
}

/** The note as a table; undefined for a note that is a plain sentence. */
export function probesOf(note: string): Probes | undefined {
  const found = /^([^:]{1,80}): (.+?)\.?$/.exec(note);
  if (!found) return undefined;
  const rows = (found[2] as string).split(", ").map((part) => /^(\S+) (\d+) of (\d+)$/.exec(part));
  if (rows.length === 0 || rows.some((row) => row === null)) return undefined;
  return {
    title: found[1] as string,
    rows: rows.map((row) => ({ name: row?.[1] ?? "", count: Number(row?.[2]), of: Number(row?.[3]) })),
  };
}
