/** One erasure: its deadline, its steps, what was removed, what stays, what was derived, and the signed receipt. */
import { IconCircleCheck, IconCircleDashed } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { type Answer, usePage } from "~/api/page";
import { Ago, CodeBlock, Drawer, format, Id, KeyValue, Loaded, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import { Deadline } from "./Erasures";
import css from "./lineage.module.css";
import { kindName } from "./picture";

type View = Answer<"/api/v1/views/erasures/{erasure_id}">;

export function ErasureDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const erasure = usePage("/api/v1/views/erasures/{erasure_id}", { path: { erasure_id: id } }, ["erasures"]);
  const row = erasure.data?.erasure;
  return (
    <Drawer
      title="Erasure of a person"
      label="Erasure"
      actions={row && <StatusBadge state={row.outcome === "incomplete" ? "incomplete" : row.state} />}
      onClose={onClose}
    >
      <Loaded query={erasure} rows={10}>
        {(view) => <Shown view={view} />}
      </Loaded>
    </Drawer>
  );
}

function Shown({ view }: { view: View }) {
  const { erasure } = view;
  return (
    <div style={{ display: "grid", gap: 24 }}>
      <KeyValue
        rows={[
          ["Person", <Id key="s" id={erasure.subject} full />],
          ["Request", <Id key="i" id={erasure.id} full />],
          ["Asked", <Ago key="a" at_ms={erasure.requested_ms} />],
          [
            "Deadline",
            <span key="d" style={{ display: "inline-flex", gap: 8 }}>
              <span className="num">{format.exact(erasure.deadline_ms)}</span>
              <Deadline row={erasure} />
            </span>,
          ],
          ["Reason", erasure.reason || "none was given"],
        ]}
      />
      <Part title="Progress">
        <ol className={css.steps}>
          {view.steps.map((step) => (
            <li key={step.step}>
              {step.done ? (
                <IconCircleCheck size={16} className={css.done} aria-label="done" role="img" />
              ) : (
                <IconCircleDashed size={16} className={css.waiting} aria-label="waits" role="img" />
              )}
              <strong style={{ fontWeight: 550 }}>{format.title(step.step)}</strong>
              <span className="second">{step.sentence}</span>
            </li>
          ))}
        </ol>
      </Part>
      {view.removed.length > 0 && (
        <Part title="Removed">
          <dl className={css.numbers}>
            {view.removed.map((one) => (
              <div key={one.what} style={{ display: "contents" }}>
                <dt>{one.what === "key" ? "keys" : one.what}</dt>
                <dd>{format.num(one.count)}</dd>
              </div>
            ))}
          </dl>
          {view.key_destroyed && (
            <p className="second" style={{ margin: 0 }}>
              The person&apos;s key was destroyed: copies of their texts cannot be read any more.
            </p>
          )}
        </Part>
      )}
      {view.derived.length > 0 && (
        <Part title="Made from their data">
          <ul>
            {view.derived.map((one) => (
              <li key={`${one.link.kind} ${one.link.id}`}>
                <To link={one.link}>
                  {kindName(one.link.kind)} {format.shortId(one.link.id)}
                </To>
                : {one.action}
              </li>
            ))}
          </ul>
          {view.retraining_due_ms > 0 && (
            <p className="second" style={{ margin: 0 }}>
              To be trained again without them: {view.retraining_tasks.join(", ")}, until{" "}
              {format.exact(view.retraining_due_ms)}.
            </p>
          )}
        </Part>
      )}
      {view.kept.length > 0 && (
        <Part title="What stays, and why">
          <ul>
            {view.kept.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Part>
      )}
      {erasure.ended_ms > 0 && <Receipt view={view} />}
    </div>
  );
}

function Receipt({ view }: { view: View }) {
  const limits = (view.receipt.limits as string[] | undefined) ?? [];
  const signature = String(view.receipt.signature ?? "");
  return (
    <Part title="Receipt">
      <p className="second" style={{ margin: 0 }}>
        Checked: {format.num(view.files_looked_at)} files were read again; {view.places_before.length} kinds
        of places held the person before, {view.places_after.length} after.
      </p>
      {signature && (
        <KeyValue
          rows={[["Signature", <Id key="g" id={signature} label={`${signature.slice(0, 24)}…`} />]]}
        />
      )}
      {limits.length > 0 && (
        <details>
          <summary className="quiet">What no erasure here can reach</summary>
          <ul>
            {limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        </details>
      )}
      <details>
        <summary className="quiet">The whole receipt</summary>
        <CodeBlock value={view.receipt} label="Receipt" wrap />
      </details>
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.part}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
