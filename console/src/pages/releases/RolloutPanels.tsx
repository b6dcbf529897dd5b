/** A rollout: its steps, the test of each metric, its decisions, and what each arm got. */
import { IconCheck, IconX } from "@tabler/icons-react";
import { Ago, Columns, format, Num, Panel, StatusBadge, Tag } from "~/kit";
import { nameOf, personOf, type Rollout, steps } from "./looks";
import css from "./releases.module.css";
import { TestPlot } from "./TestPlot";

export function Steps({ rollout }: { rollout: Rollout }) {
  return (
    <ol className={css.steps} aria-label="Steps of the rollout">
      {steps(rollout).map((step) => (
        <li
          key={step.label}
          className={css[step.state]}
          aria-current={step.state === "now" ? "step" : undefined}
        >
          <strong>
            {step.state === "done" && <IconCheck size={14} aria-label="done" />}
            {step.state === "stopped" && <IconX size={14} aria-label="ended here" />}
            {step.label}
            {step.state === "now" && rollout.held && <Tag tone="warn">held</Tag>}
          </strong>
          <span className="quiet" style={{ fontSize: 12 }}>
            {step.about}
          </span>
        </li>
      ))}
    </ol>
  );
}

export function Tests({ rollout }: { rollout: Rollout }) {
  if (rollout.tests.length === 0)
    return (
      <p className="quiet">Nobody is tested while it shadows: the test begins with the first canary users.</p>
    );
  return (
    <>
      <Columns min={380}>
        {rollout.tests.map((test) => (
          <TestPlot key={test.metric} test={test} />
        ))}
      </Columns>
      <p className="quiet" style={{ margin: "8px 0 0" }}>
        Line: what was measured per user. Band: anytime-valid bounds, α = {rollout.plan.alpha}. Above the
        limit (red ground) lies harm: a lower bound there rolls back, an upper bound below allows promotion.
        {rollout.tests.some((test) => !test.recomputed) && " Only the looks that moved traffic are drawn."}
      </p>
    </>
  );
}

export function Decisions({ rollout }: { rollout: Rollout }) {
  return (
    <ol className={css.list}>
      {rollout.decisions.toReversed().map((one) => (
        <li key={`${one.at_ms} ${one.action}`}>
          <Tag tone={TONES[one.action] ?? "idle"}>{WORDS[one.action] ?? one.action}</Tag>
          <div>
            <div>{personOf(one.sentence)}</div>
            <div className="quiet" style={{ fontSize: 12 }}>
              by {personOf(one.by)}
              {one.canary_users > 0 &&
                `, on ${one.canary_users} canary and ${one.baseline_users} baseline users`}
              {one.shadow_requests > 0 && `, on ${one.shadow_requests} shadow requests`}
            </div>
          </div>
          <Ago at_ms={one.at_ms} />
        </li>
      ))}
    </ol>
  );
}

const WORDS: Record<string, string> = {
  begin: "begun",
  widen: "widened",
  promote: "promoted",
  rollback: "rolled back",
  hold: "held",
  resume: "resumed",
};
const TONES = { widen: "info", promote: "ok", rollback: "bad", hold: "warn" } as Record<
  string,
  "info" | "ok" | "bad" | "warn"
>;

export function Exposures({ rollout }: { rollout: Rollout }) {
  if (rollout.exposures.length === 0) return <p className="quiet">No request was routed under it yet.</p>;
  return (
    <table className={css.rows}>
      <thead>
        <tr>
          <th>Arm</th>
          <th>Step</th>
          <th className={css.right}>Users</th>
          <th className={css.right}>Requests</th>
          <th className={css.right}>Failed</th>
          <th className={css.right}>Fallbacks</th>
        </tr>
      </thead>
      <tbody>
        {rollout.exposures.map((one) => (
          <tr key={`${one.step} ${one.arm}`}>
            <td>{one.arm === "live" ? "baseline" : one.arm}</td>
            <td>{one.arm === "shadow" ? "shadow" : stepName(rollout, one.step)}</td>
            <td className={css.right}>
              <Num value={one.users} />
            </td>
            <td className={css.right}>
              <Num value={one.requests} />
            </td>
            <td className={css.right}>
              {one.failures ? <span className={css.bad}>{format.num(one.failures)}</span> : "0"}
            </td>
            <td className={css.right}>
              <Num value={one.fallbacks} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function stepName(rollout: Rollout, step: number): string {
  const share = rollout.plan.steps?.[step]?.[0];
  return share === undefined ? String(step) : format.percent(share as number, 0);
}

export function RolloutPanels({ rollout }: { rollout: Rollout }) {
  return (
    <>
      <Panel
        title={`Sequential test: ${rollout.tests.map((test) => nameOf(test.metric).toLowerCase()).join(", ") || "not begun"}`}
        actions={<StatusBadge state={rollout.state} />}
      >
        <Tests rollout={rollout} />
      </Panel>
      <Columns min={380}>
        <Panel title="Decisions">
          <Decisions rollout={rollout} />
        </Panel>
        <Panel title="Exposures">
          <Exposures rollout={rollout} />
        </Panel>
      </Columns>
    </>
  );
}
