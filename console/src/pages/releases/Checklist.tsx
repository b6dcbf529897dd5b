/** The gate's rules: what was measured, what was needed, and the report that says so. */
import { IconCheck, IconChevronDown, IconQuestionMark, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { format } from "~/kit";
import { To } from "~/shell/To";
import { parted, type ReleaseView } from "./looks";
import css from "./releases.module.css";

const ICONS = { pass: IconCheck, fail: IconX, insufficient_evidence: IconQuestionMark };
const WORDS = { pass: "Passed", fail: "Failed", insufficient_evidence: "Insufficient evidence" };

export function Checklist({ checks }: { checks: ReleaseView["checklist"] }) {
  return (
    <>
      <div className={`${css.check} ${css.head}`} aria-hidden>
        <span />
        <span>Rule</span>
        <span>Measured</span>
        <span>Needed</span>
        <span>Evidence</span>
      </div>
      <ul className={css.checks} aria-label="Gate">
        {checks.map((check) => (
          <Rule key={check.rule} check={check} />
        ))}
      </ul>
    </>
  );
}

/** One rule; its whole sentence when its name is pressed, and at once where it does not pass. */
function Rule({ check }: { check: ReleaseView["checklist"][number] }) {
  const [open, setOpen] = useState(check.outcome !== "pass" || !check.measured);
  const Icon = ICONS[check.outcome];
  const [value, rest] = parted(check.measured);
  return (
    <li className={css.check}>
      <Icon
        size={16}
        stroke={2.4}
        className={css[check.outcome]}
        aria-label={WORDS[check.outcome]}
        role="img"
      />
      <button type="button" className={css.rule} aria-expanded={open} onClick={() => setOpen(!open)}>
        {format.title(check.rule)}
        <IconChevronDown size={12} aria-hidden />
      </button>
      <span>
        <strong className="num">{value || "–"}</strong> <span className="quiet">{short(rest)}</span>
      </span>
      <span className="second">{check.needed || "–"}</span>
      <span>{check.report_id && <To link={{ kind: "report", id: check.report_id }}>report</To>}</span>
      {open && <p>{check.sentence}</p>}
    </li>
  );
}

/** Without what every line repeats. */
function short(rest: string): string {
  return rest.replace(/ with 95(\.0)?% confidence( on a side)?/, "").replace(/ (on|of) \d+( items)?$/, "");
}
