/** Beside the evidence: what the model is, where it serves, what was decided about it. */
import { Ago, format, Id, KeyValue, Panel, StatusBadge, Tag } from "~/kit";
import { To } from "~/shell/To";
import css from "./model.module.css";
import type { ModelView } from "./view";

export function Facts({ model: { model, lineage } }: { model: ModelView }) {
  const { facts } = model;
  const named = (id: string) => lineage.nodes.find((node) => node.id === id)?.title || format.shortId(id);
  const number = (name: string) => (typeof facts[name] === "number" ? format.num(facts[name], 4) : "–");
  return (
    <Panel title="What it is">
      <KeyValue
        rows={[
          ["Id", <Id key="id" id={model.id} />],
          ["Made", <Ago key="made" at_ms={model.created_ms} />],
          ["Recipe", String(facts.recipe ?? "–")],
          [
            "Built on",
            model.base_model_id ? (
              <To key="base" link={{ kind: "model", id: model.base_model_id }}>
                {named(model.base_model_id)}
              </To>
            ) : (
              "nothing: from scratch"
            ),
          ],
          [
            "Learned from",
            <To key="data" link={{ kind: "dataset_version", id: model.dataset_version_id }}>
              {named(model.dataset_version_id)}
            </To>,
          ],
          [
            "Training",
            <To key="run" link={{ kind: "run", id: model.run_id }}>
              {format.shortId(model.run_id) || "–"}
            </To>,
          ],
          ["Weights", number("parameters")],
          ["Tokens seen", number("tokens")],
          ["Rows", number("rows")],
          ["Chosen step", number("chosen_step")],
        ]}
      />
    </Panel>
  );
}

export function Deployments({ model }: { model: ModelView }) {
  return (
    <Panel title="Deployments">
      {model.deployments.length === 0 && <p className={css.text}>None serves it.</p>}
      {model.deployments.map((one) => (
        <div key={one.name} className={css.item}>
          <div className={css.line}>
            <strong>{one.name}</strong>
            <StatusBadge state={one.healthy ? "healthy" : "unhealthy"} />
            {one.live && <Tag tone="ok">answers {one.task}</Tag>}
          </div>
          <div className="quiet">
            {one.process ? `Its engine is ${one.process}` : "No engine of ours"}
            {one.restarts > 0 && `, restarted ${one.restarts === 1 ? "once" : `${one.restarts} times`}`}.
          </div>
        </div>
      ))}
    </Panel>
  );
}

export function Releases({ model }: { model: ModelView }) {
  if (model.releases.length === 0) return null;
  return (
    <Panel title="Releases">
      {model.releases.map((one) => (
        <div key={one.id} className={css.item}>
          <div className={css.line}>
            <To link={{ kind: "release", id: one.id }}>{one.variant}</To>
            <StatusBadge state={one.state} />
            <span className="quiet">
              for {one.task}, <Ago at_ms={one.created_ms} />
            </span>
          </div>
          {one.reason && <span className="second">{one.reason}</span>}
        </div>
      ))}
    </Panel>
  );
}
