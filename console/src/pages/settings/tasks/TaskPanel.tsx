/** One task: its variants with what they serve, how traffic is split now, and the loop that keeps it good. */
import { Link } from "@tanstack/react-router";
import { format, Panel, StatusBadge, Tag } from "~/kit";
import { To } from "~/shell/To";
import css from "../settings.module.css";
import { type Deployment, stateOf, type Task } from "./columns";

type Variant = Task["variants"][number];

export function TaskPanel({ task, deployments }: { task: Task; deployments: Deployment[] }) {
  const { spec, loop } = task;
  return (
    <Panel
      title={spec.name}
      flush
      actions={
        <Link to="/traces" search={{ task: spec.name }} className="text-link">
          Traces
        </Link>
      }
    >
      <div className={css.taskFacts}>
        {spec.description && <p className={css.lead}>{spec.description}</p>}
        <Split task={task} />
        <div className={css.tags} style={{ marginTop: 8 }}>
          {facts(task).map((fact) => (
            <Tag key={fact}>{fact}</Tag>
          ))}
        </div>
      </div>
      <div className={css.scrollX}>
        <table className={css.plain}>
          <thead>
            <tr>
              <th>Variant</th>
              <th>State</th>
              <th>Deployments</th>
              <th>Says</th>
              <th className={css.right}>Requests, 24 h</th>
            </tr>
          </thead>
          <tbody>
            {[...task.variants].sort(byTraffic).map((variant) => (
              <VariantRow key={variant.spec.name} task={task} variant={variant} deployments={deployments} />
            ))}
          </tbody>
        </table>
      </div>
      {loop && (
        <div className={css.taskFoot}>
          When <b>{loop.monitor}</b> fires,{" "}
          {loop.automatic_retrain === false ? "a person may start" : "the loop starts"} <b>{loop.recipe}</b>.
          The gate <b>{loop.gate}</b> judges the new model, and {follows(loop)}.
        </div>
      )}
    </Panel>
  );
}

function VariantRow({
  task,
  variant,
  deployments,
}: {
  task: Task;
  variant: Variant;
  deployments: Deployment[];
}) {
  const { spec } = variant;
  const health = (name: string) => deployments.find((one) => one.spec.name === name);
  return (
    <tr>
      <td>
        <div className={css.name}>{spec.name}</div>
        <div className={`${css.sub} in-text`}>
          {variant.origin === "release" ? "added by a release" : "from volant.toml"}
          {spec.model_id && (
            <>
              {" · "}
              <To link={{ kind: "model", id: spec.model_id }}>its model</To>
            </>
          )}
        </div>
      </td>
      <td>
        {variant.live ? (
          <StatusBadge state="live" />
        ) : variant.candidate_share > 0 ? (
          <StatusBadge state="canary" label={`${format.percent(variant.candidate_share, 0)} of users`} />
        ) : (
          <span className="quiet">serves nobody</span>
        )}
      </td>
      <td>
        {places(spec).map(({ name, isFallback }) => {
          const found = health(name);
          return (
            <div key={`${name} ${isFallback}`} className="in-text">
              <Link to="/settings/tasks" search={{ show: "deployments", open: name }} className="text-link">
                {name}
              </Link>{" "}
              {isFallback && <span className={css.sub}>fallback </span>}
              {found && <StatusBadge state={stateOf(found)} kind="plain" />}
            </div>
          );
        })}
      </td>
      <td>
        {spec.prompt ? (
          <Link
            to="/settings/prompts/$name"
            params={{ name: spec.prompt.split("@")[0] ?? "" }}
            className="text-link"
          >
            {spec.prompt}
          </Link>
        ) : spec.system ? (
          "a system message of its own"
        ) : (
          <span className="quiet">what the caller says</span>
        )}
        {Object.keys(spec.parameters ?? {}).length > 0 && (
          <div className={css.sub}>
            {Object.entries(spec.parameters ?? {})
              .map(
                ([name, value]) =>
                  `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
              )
              .join(", ")}
          </div>
        )}
      </td>
      <td className={css.right}>
        {format.num(variant.requests_day)}
        <span className="hidden-text"> of {task.spec.name}</span>
      </td>
    </tr>
  );
}

/** What serves, then what is tried, then the rest. */
function byTraffic(a: Variant, b: Variant): number {
  return Number(b.live) - Number(a.live) || b.candidate_share - a.candidate_share;
}

function follows(loop: NonNullable<Task["loop"]>): string {
  const steps = (loop.rollout?.steps ?? []).map(([share]) => format.percent(Number(share), 0));
  const begins =
    loop.automatic_rollout === false ? "a review decides on its rollout" : "a pass begins its rollout";
  return steps.length ? `${begins}: ${steps.join(", then ")} of users, then all` : begins;
}

function places({ deployments, fallbacks = [] }: Variant["spec"]) {
  return [
    ...deployments.map((name) => ({ name, isFallback: false })),
    ...fallbacks.map((name) => ({ name, isFallback: true })),
  ];
}

/** A bar: who gets the candidate. All to one needs no bar. */
function Split({ task }: { task: Task }) {
  const candidate = task.variants.find((one) => one.candidate_share > 0);
  if (!candidate)
    return (
      <p className="second" style={{ margin: "4px 0 0" }}>
        All users get <b>{task.live_variant}</b>
        {task.live_release_id ? (
          <>
            , by{" "}
            <To link={{ kind: "release", id: task.live_release_id }}>
              {format.shortId(task.live_release_id)}
            </To>
            .
          </>
        ) : (
          ", as volant.toml says."
        )}
      </p>
    );
  const share = candidate.candidate_share;
  return (
    <div style={{ margin: "8px 0 0", maxWidth: 640 }}>
      <div
        className={css.split}
        role="img"
        aria-label={`${format.percent(share, 0)} of users get ${candidate.spec.name}`}
      >
        <i style={{ flex: 1 - share, background: "var(--v-series1)" }} />
        <i style={{ flex: share, background: "var(--v-series2)" }} />
      </div>
      <p className="second" style={{ margin: "4px 0 0" }}>
        {format.percent(1 - share, 0)} of users get <b>{task.live_variant}</b>, {format.percent(share, 0)} get{" "}
        <b>{candidate.spec.name}</b>.
      </p>
    </div>
  );
}

function facts({ spec, monitors }: Task): string[] {
  return [
    spec.redact ? "personal data is redacted before it is kept" : "",
    spec.record_payload === false ? "texts are not kept" : "",
    spec.expects === "json" ? "answers must be JSON" : "",
    spec.guardrails?.length ? `checked for ${spec.guardrails.join(", ")}` : "",
    monitors.length ? `watched by ${monitors.join(", ")}` : "no monitor",
  ].filter(Boolean);
}
