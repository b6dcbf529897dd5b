/** What began each training: an alert, a date, or a person; trainings with one cause stand together. */
import { IconBellRinging, IconCalendarClock, IconUser } from "@tabler/icons-react";
import { Ago, Empty, format, Panel, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import css from "./loop.module.css";
import { type Occasion, occasions, type Training } from "./ring";

const BY: Record<Occasion["by"], [typeof IconUser, string, string]> = {
  alert: [IconBellRinging, "An alert", "warn"],
  schedule: [IconCalendarClock, "A date", "info"],
  person: [IconUser, "A person", "accent"],
};

export function Causes({ task, trainings }: { task: string; trainings: Training[] }) {
  return (
    <Panel title="What began each training" flush>
      {trainings.length === 0 ? (
        <Empty title="No training yet">
          <p>
            <code className="mono">volant train {task}</code> makes the first model. Later, alerts begin
            trainings by themselves.
          </p>
        </Empty>
      ) : (
        <ul className={css.list} aria-label="What began each training">
          {occasions(trainings).map((one) => (
            <Cause key={one.runs[0]?.id} one={one} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Cause({ one }: { one: Occasion }) {
  const [Icon, name, tone] = BY[one.by];
  return (
    <li className={css.item}>
      <span className={`${css.itemIcon} ${css[tone]}`}>
        <Icon size={16} aria-hidden />
      </span>
      <div>
        <p>{one.sentence}</p>
        <div className={css.meta}>
          <span>{one.link.kind === "alert" ? <To link={one.link}>{name}</To> : name}</span>
          <Ago at_ms={one.created_ms} />
        </div>
        {one.runs.map((run) => (
          <div key={run.id} className={css.meta}>
            <To link={{ kind: "run", id: run.id }}>{format.shortId(run.id)}</To>
            <StatusBadge state={run.state} kind="plain" />
          </div>
        ))}
      </div>
    </li>
  );
}
