/** What is used up, and what will be before its period ends: in sentences, each a way to its ceiling. */
import { Callout } from "../settings/parts";
import type { Warning } from "./budgets";
import css from "./keys.module.css";

const SHOWN = 4;

interface Props {
  all: Warning[];
  inTable?: boolean; // above a table that has no edges of its own
  onOpen: (warning: Warning) => void;
}

export function Warnings({ all, inTable, onOpen }: Props) {
  if (all.length === 0) return null;
  return (
    <div
      className={`${css.warnings} ${inTable ? css.inTable : ""}`}
      role="status"
      aria-label="Budgets that run out"
    >
      {all.slice(0, SHOWN).map((one) => (
        <Callout
          key={`${one.of.over}/${one.of.name}/${one.limit}`}
          tone={one.standing === "exhausted" ? "bad" : "warn"}
        >
          {one.sentence}{" "}
          <button type="button" className="link-button" onClick={() => onOpen(one)}>
            Show
          </button>
        </Callout>
      ))}
      {all.length > SHOWN && <span className="quiet">and {all.length - SHOWN} more</span>}
    </div>
  );
}
