/** How far something is, as a bar with words. */
import { format } from "~/kit";
import css from "./runs.module.css";

export function Bar({ share, label, wide }: { share: number; label: string; wide?: boolean }) {
  return (
    <div className={wide ? css.barWide : css.bar}>
      <div
        className={css.barTrack}
        role="progressbar"
        aria-label={label || "Progress"}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <div className={css.barWords}>
        <span>{label}</span>
        <span className="num">{format.percent(share, 0)}</span>
      </div>
    </div>
  );
}
