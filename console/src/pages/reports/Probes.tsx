/** What a report notes: counts by probe as bars, everything else as sentences. */

import { probesOf } from "./probes";
import css from "./reports.module.css";

export function Probes({ notes }: { notes: string[] }) {
  const tables = notes.map(probesOf);
  const plain = notes.filter((_, number) => !tables[number]);
  return (
    <div style={{ display: "grid", gap: 16 }}>
      {tables.map(
        (table) =>
          table && (
            <section key={table.title} className={css.part}>
              <h3>{table.title}</h3>
              <dl className={css.probes}>
                {[...table.rows]
                  .sort((a, b) => b.count / b.of - a.count / a.of)
                  .map((row) => (
                    <div key={row.name} style={{ display: "contents" }}>
                      <dt>{row.name.replaceAll("_", " ")}</dt>
                      <dd className={css.track} aria-hidden>
                        <i style={{ width: `${(100 * row.count) / row.of}%` }} />
                      </dd>
                      <dd className="num" style={{ textAlign: "right" }}>
                        {row.count} <span className="quiet">of {row.of}</span>
                      </dd>
                    </div>
                  ))}
              </dl>
            </section>
          ),
      )}
      {plain.length > 0 && (
        <ul className={css.notes}>
          {plain.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
