/** What people signed about a release, and whether the evidence is still what they signed. */
import { ActionButton, Ago, format, Hint, Panel, StatusBadge, Tag } from "~/kit";
import { personOf, type ReleaseView } from "./looks";
import css from "./releases.module.css";

export function Reviews({
  view,
  onSign,
}: {
  view: ReleaseView;
  onSign: (decision: "approve" | "reject") => void;
}) {
  const act = (action: string) => view.acts.find((one) => one.action === action);
  const button = (decision: "approve" | "reject", title: string) => (
    <ActionButton
      needs="review"
      refused={act(decision)?.allowed ? "" : act(decision)?.sentence}
      onClick={() => onSign(decision)}
    >
      {title}
    </ActionButton>
  );
  return (
    <Panel
      title="Reviews"
      actions={
        <>
          {button("reject", "Refuse")}
          {button("approve", "Approve")}
        </>
      }
    >
      {view.reviews.length === 0 ? (
        <p className="second" style={{ margin: 0 }}>
          Nobody signed yet.{" "}
          {view.evidence_hash && (
            <>
              A signature binds the evidence <code className="mono">{view.evidence_hash.slice(0, 16)}…</code>
            </>
          )}
        </p>
      ) : (
        <ul className={css.list}>
          {view.reviews.toReversed().map((one) => (
            <li key={one.id}>
              <StatusBadge state={one.decision} label={one.decision === "reject" ? "refused" : undefined} />
              <div>
                <div>
                  <strong style={{ fontWeight: 550 }}>{personOf(one.reviewer)}</strong>
                  {one.comment && `: ${one.comment}`}
                </div>
                <div className="quiet" style={{ fontSize: 12 }}>
                  on the {one.subject_kind}, evidence{" "}
                  <Hint label={one.evidence_hash}>
                    <code className="mono">{one.evidence_hash.slice(0, 16)}…</code>
                  </Hint>{" "}
                  {one.bound ? (
                    <Tag tone="ok">still this evidence</Tag>
                  ) : (
                    <Tag tone="warn">another evidence: it counts no more</Tag>
                  )}
                </div>
              </div>
              <span title={format.exact(one.created_ms)}>
                <Ago at_ms={one.created_ms} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
