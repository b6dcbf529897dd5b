/** The way from rows in to records kept: a bar per step; a step that removed something shows examples on demand. */
import { useId } from "react";
import { usePage } from "~/api/page";
import { ActionButton, format, Loaded, PlainText } from "~/kit";
import { useRefusal } from "~/session/session";
import css from "./datasets.module.css";
import type { Version } from "./graph";

interface Props {
  version: string;
  steps: Version["funnel"];
  chosen: string | undefined;
  onChoose: (step: string | undefined) => void;
}

const NAMES: Record<string, string> = {
  rows_in: "Rows in",
  rejected: "Unreadable rows",
  exact_duplicate: "Exact duplicates",
  near_duplicate: "Near duplicates",
  leak: "Leaks into the test",
  straddle: "In two splits",
  language: "Other languages",
  empty: "Empty rows",
  reviewed: "Reviewed answers",
  leaked: "Standing in the test",
  asked_twice: "Asked twice",
};
const WITHOUT_EXAMPLES = new Set(["rows_in", "rejected", "reviewed", "unusable", "leaked", "asked_twice"]);

export function Funnel({ version, steps, chosen, onChoose }: Props) {
  const most = Math.max(1, ...steps.map((step) => step.left));
  const refused = useRefusal("content");
  const id = useId();
  if (steps.length === 0) return <p className={css.note}>No cleaning was noted for this version.</p>;
  return (
    <ol className={css.funnel}>
      {steps.map((step, at) => {
        const open = chosen === step.step;
        const has = step.removed > 0 && !WITHOUT_EXAMPLES.has(step.step);
        return (
          <li key={step.step}>
            <div className={css.stepHead}>
              <strong>{NAMES[step.step] ?? format.title(step.step)}</strong>
              {step.removed > 0 && <span className={`num ${css.removed}`}>−{format.num(step.removed)}</span>}
              <span className="num">{format.num(step.left)}</span>
            </div>
            <div className={css.stepBar}>
              <i style={{ width: `${(step.left / most) * 100}%` }} />
              <i className={css.gone} style={{ width: `${(step.removed / most) * 100}%` }} />
            </div>
            <div className={css.stepFoot}>
              <span className="second">{step.removed || at === 0 ? counted(step.sentence) : "None."}</span>
              {has && (
                <ActionButton
                  size="compact-xs"
                  variant="subtle"
                  needs="content"
                  aria-expanded={open}
                  aria-controls={`${id}-${step.step}`}
                  onClick={() => onChoose(open ? undefined : step.step)}
                >
                  {open ? "Hide examples" : "Examples"}
                </ActionButton>
              )}
            </div>
            {open && has && !refused && (
              <div id={`${id}-${step.step}`}>
                <Examples version={version} step={step.step} />
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** Numbers in a server's sentence as everywhere else: 7237 → 7,237. */
export function counted(sentence: string): string {
  return sentence.replaceAll(/\b\d{4,}\b/g, (digits) => format.num(Number(digits)));
}

function Examples({ version, step }: { version: string; step: string }) {
  const found = usePage("/api/v1/views/datasets/{version_id}/removed/{step}", {
    path: { version_id: version, step },
    query: { limit: 10 },
  });
  return (
    <Loaded
      query={found}
      rows={3}
      isEmpty={(data) => data.examples.length === 0}
      empty={<p className={css.note}>No example was kept.</p>}
    >
      {(data) => (
        <ul className={css.examples}>
          {data.examples.map((one) => (
            <li key={one.row}>
              <div>
                <span className="mono">{one.row}</span>
                {one.label && <span className="second"> as {one.label}</span>}
                <div className="second">{one.reason}</div>
              </div>
              {one.keeper_text ? (
                <div>
                  <span className="quiet">What stayed</span>
                  <PlainText>{one.keeper_text}</PlainText>
                </div>
              ) : (
                one.keeper && <span className="quiet">The row that stayed is another's, or was erased.</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}
