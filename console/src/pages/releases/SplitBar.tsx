/** Where the users of a task go now, as a bar and in words. */
import { format, Tag } from "~/kit";
import css from "./releases.module.css";

export function SplitBar({
  live,
  candidate,
  share,
  mode,
}: {
  live: string;
  candidate: string;
  share: number;
  mode: string; // "shadow", "canary"; empty: nobody is split
}) {
  const arms = [
    { name: live, share: mode === "canary" ? 1 - share : 1, colour: "var(--v-series1)" },
    ...(mode === "canary" ? [{ name: candidate, share, colour: "var(--v-series3)" }] : []),
  ];
  return (
    <div style={{ display: "grid", gap: 8 }}>
      <div className={css.split} aria-hidden>
        {arms.map((arm) => (
          <i key={arm.name} style={{ flexGrow: arm.share, background: arm.colour }} />
        ))}
      </div>
      <ul className={css.shares}>
        {arms.map((arm) => (
          <li key={arm.name}>
            <i style={{ background: arm.colour }} aria-hidden />
            <span>{arm.name || "nothing serves"}</span>
            <span className="num quiet">{format.percent(arm.share, 0)} of users</span>
          </li>
        ))}
        {mode === "shadow" && (
          <li>
            <i style={{ background: "var(--v-series3)" }} aria-hidden />
            {candidate} <Tag tone="info">shadows: nobody sees its answers</Tag>
          </li>
        )}
      </ul>
    </div>
  );
}
