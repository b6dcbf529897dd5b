/** One stage of the ring, or one alert, beside the page. */
import { usePage } from "~/api/page";
import { Ago, Drawer, Empty, format, Id, KeyValue, Loaded, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import css from "./loop.module.css";
import { STAGES, type Stage, type TaskLoop } from "./ring";
import { ModelChip } from "./StageLabel";

export function StageDrawer({ loop, stage, onClose }: { loop: TaskLoop; stage: Stage; onClose: () => void }) {
  const name = STAGES.find((one) => one.id === stage)?.name ?? stage;
  const found = loop.stages.find((one) => one.stage === stage);
  const here = loop.models.filter((model) => model.stage === stage);
  return (
    <Drawer title={`${name}, ${loop.task}`} label={name} width={520} onClose={onClose}>
      <p style={{ marginTop: 0 }}>{found?.sentence}</p>
      {found?.link && (
        <p>
          <To link={found.link}>Open {found.link.title || found.link.kind.replaceAll("_", " ")}</To>
        </p>
      )}
      <h3 style={{ fontSize: 13, margin: "24px 0 12px" }}>Model versions here</h3>
      {here.length === 0 && <p className="quiet">None stands at this stage.</p>}
      <div className={css.drawerList}>
        {here.map((model) => (
          <div key={model.model_id}>
            <ModelChip model={model} />
            <p style={{ margin: "6px 0 4px" }}>{model.sentence}</p>
            <div className={css.meta}>
              made <Ago at_ms={model.created_ms} />
              {model.link.id && (
                <To link={model.link}>
                  {model.link.kind.replaceAll("_", " ")} {model.link.title}
                </To>
              )}
            </div>
          </div>
        ))}
      </div>
    </Drawer>
  );
}

export function AlertDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const alert = usePage("/api/v1/alerts/{alert_id}", { path: { alert_id: id } }, ["alerts"]);
  return (
    <Drawer
      title={alert.data ? `Alert of ${alert.data.monitor}` : "Alert"}
      label="Alert"
      width={520}
      actions={alert.data && <StatusBadge state={alert.data.resolved_ms ? "resolved" : "firing"} />}
      onClose={onClose}
    >
      <Loaded query={alert} empty={<Empty title="No such alert" />}>
        {(one) => (
          <>
            <p style={{ marginTop: 0 }}>{one.sentence}</p>
            <KeyValue
              rows={[
                ["Id", <Id key="id" id={one.id} full />],
                ["Task", one.task],
                ["Fired", <Ago key="fired" at_ms={one.fired_ms} />],
                ["Over", one.resolved_ms ? <Ago key="over" at_ms={one.resolved_ms} /> : "not yet"],
                ["Measured", format.num(one.value, 4)],
                ["Surely above", format.num(one.low, 4)],
                ["Threshold", format.num(one.threshold, 4)],
                ["Judged answers", format.num(one.n)],
                ["Began", one.workflow_id ? <Id key="flow" id={one.workflow_id} full /> : "nothing"],
              ]}
            />
          </>
        )}
      </Loaded>
    </Drawer>
  );
}
