/** Splits: how many records and people each holds, and a bar of their shares. */
import { format } from "~/kit";
import css from "./datasets.module.css";
import type { Split } from "./graph";

/** One bar, a piece per split; the words stand in its title and for those who hear it. */
export function SplitBar({ splits }: { splits: Split[] }) {
  const all = splits.reduce((sum, one) => sum + one.records, 0) || 1;
  const words = splits.map((one) => `${one.name} ${format.percent(one.records / all, 0)}`).join(", ");
  return (
    <span className={css.splitBar} role="img" aria-label={words} title={words}>
      {splits.map((one, number) => (
        <i
          key={one.name}
          style={{ flexGrow: one.records, background: `var(--v-series${(number % 5) + 1})` }}
        />
      ))}
    </span>
  );
}

export function Splits({ splits }: { splits: Split[] }) {
  const people = splits.some((one) => one.people !== undefined);
  return (
    <>
      <SplitBar splits={splits} />
      <table className={css.small}>
        <thead>
          <tr>
            <th scope="col">Split</th>
            <th scope="col">Records</th>
            <th scope="col">Label known</th>
            {people && <th scope="col">People</th>}
          </tr>
        </thead>
        <tbody>
          {splits.map((one, number) => (
            <tr key={one.name}>
              <th scope="row">
                <i className={css.dot} style={{ background: `var(--v-series${(number % 5) + 1})` }} />
                {one.name}
              </th>
              <td>{format.num(one.records)}</td>
              <td>
                {format.num(one.known)}{" "}
                <span className="quiet">{format.percent(one.known / Math.max(1, one.records), 0)}</span>
              </td>
              {people && <td>{format.num(one.people)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
