/** DiffView: the lines that two texts do not share, with three lines around them. Text only. */
import { structuredPatch } from "diff";
import { useMemo } from "react";
import css from "./kit.module.css";

export interface DiffLine {
  kind: "same" | "added" | "removed" | "gap";
  before?: number;
  after?: number;
  text: string;
}

/** Numbered lines; a gap stands where lines that are the same were left out. */
export function lines(before: string, after: string, around = 3): DiffLine[] {
  const out: DiffLine[] = [];
  for (const [number, hunk] of structuredPatch("", "", before, after, "", "", {
    context: around,
  }).hunks.entries()) {
    if (number > 0 || hunk.oldStart > 1) out.push({ kind: "gap", text: `line ${hunk.newStart}` });
    let [old, fresh] = [hunk.oldStart, hunk.newStart];
    for (const line of hunk.lines) {
      const text = line.slice(1);
      if (line[0] === "\\") continue; // "no newline at the end"
      if (line[0] === "+") out.push({ kind: "added", after: fresh++, text });
      else if (line[0] === "-") out.push({ kind: "removed", before: old++, text });
      else out.push({ kind: "same", before: old++, after: fresh++, text });
    }
  }
  return out;
}

const SIGN = { same: " ", added: "+", removed: "−", gap: "…" };

export function DiffView({ before, after, label }: { before: string; after: string; label: string }) {
  const rows = useMemo(() => lines(before, after), [before, after]);
  if (rows.length === 0) return <p className="quiet">No difference.</p>;
  return (
    <section className={css.diff} style={{ maxHeight: 480 }} tabIndex={0} aria-label={label}>
      {rows.map((row) => (
        <div
          key={`${row.kind} ${row.before ?? ""} ${row.after ?? ""} ${row.text}`}
          className={`${css.diffRow} ${row.kind === "added" ? css.added : row.kind === "removed" ? css.removed : ""}`}
        >
          <span>{row.before}</span>
          <span>{row.after}</span>
          <span>{SIGN[row.kind]}</span>
          <span>{row.text}</span>
        </div>
      ))}
    </section>
  );
}
