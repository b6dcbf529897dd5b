/** The gate's rules: what was measured, what was needed, and the report that says so. */
import { IconCheck, IconQuestionMark, IconX } from "@tabler/icons-react";
import { format } from "~/kit";
import { To } from "~/shell/To";
import { parted, type ReleaseView } from "./looks";
import css from "./releases.module.css";

const ICONS = { pass: IconCheck, fail: IconX, insufficient_evidence: IconQuestionMark };
const WORDS = { pass: "Passed", fail: "Failed", insufficient_evidence: "Insufficient evidence" };

export function Checklist({ checks }: { checks: ReleaseView["checklist"] }) {
  return (
    <ul className={css.checks} aria-label="Gate">
      <li className={css.head} aria-hidden>
        <span />
        <span>Rule</span>
        <span>Measured</span>
        <span>Needed</span>
        <span>Evidence</span>
      </li>
      {checks.map((check) => {
        const Icon = ICONS[check.outcome];
        const [value, rest] = parted(check.measured);
        return (
          <li key={check.rule}>
            <Icon
              size={16}
              stroke={2.4}
              className={css[check.outcome]}
              aria-label={WORDS[check.outcome]}
              role="img"
            />
            <span style={{ fontWeight: 550 }}>{format.title(check.rule)}</span>
            <span>
              {value ? (
                <>
                  <strong className="num">{value}</strong> <span className="quiet">{rest}</span>
                </>
              ) : (
                <span className="second">{check.sentence}</span>
              )}
            </span>
            <span className="second">{check.needed}</span>
            <span>{check.report_id && <To link={{ kind: "report", id: check.report_id }}>report</To>}</span>
            {value && (
              <details open={check.outcome !== "pass"}>
                <summary>In full</summary>
                {check.sentence}
              </details>
            )}
          </li>
        );
      })}
    </ul>
  );
}
