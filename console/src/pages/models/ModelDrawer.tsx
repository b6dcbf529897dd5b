/** One model version beside the list: what it is, what is held against it, and where its evidence stands. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Ago, CodeBlock, Drawer, format, Id, KeyValue, Ms, Share, StatusBadge } from "~/kit";
import { placeOf } from "~/shell/places";
import { label, type ModelRow } from "./rows";

export function ModelDrawer({ model, onClose }: { model: ModelRow; onClose: () => void }) {
  return (
    <Drawer
      title={label(model)}
      label={label(model)}
      actions={
        <>
          <StatusBadge state={model.state} />
          <Link to="/models/$modelId" params={{ modelId: model.id }} className="text-link">
            Open its page
          </Link>
        </>
      }
      onClose={onClose}
    >
      <div style={{ display: "grid", gap: 24 }}>
        <KeyValue
          rows={[
            ["Id", <Id key="id" id={model.id} full />],
            ["Made", <Ago key="made" at_ms={model.created_ms} />],
            ["Recipe", model.recipe || "–"],
            [
              "Built on",
              <To
                key="base"
                id={model.base_model_id}
                text={model.base_label || "nothing: trained from scratch"}
              />,
            ],
            ["Learned from", <To key="data" id={model.dataset_version_id} text={model.dataset_label} />],
            ["Training run", <To key="run" id={model.run_id} text={format.shortId(model.run_id)} />],
            ["Trained for", <Ms key="ms" value={model.train_ms || undefined} />],
            ["Tokens seen", format.num(model.tokens || undefined)],
            ["Weights", format.num(model.parameters || undefined)],
          ]}
        />
        <Part title="Evidence">
          <KeyValue
            rows={[
              [
                "Gate",
                model.gate ? (
                  <StatusBadge key="gate" state={model.gate} label={`${model.gate_name}: ${model.gate}`} />
                ) : (
                  "not judged yet"
                ),
              ],
              ["Verdict", <To key="verdict" id={model.verdict_id} text={format.shortId(model.verdict_id)} />],
              [
                "Exact match",
                model.accuracy ? <Share key="share" {...model.accuracy} /> : "not evaluated yet",
              ],
              ["Items", format.num(model.accuracy?.n)],
              [
                "Report",
                <To
                  key="report"
                  id={model.accuracy_report_id}
                  text={format.shortId(model.accuracy_report_id)}
                />,
              ],
              ["Release", <To key="release" id={model.release_id} text={format.shortId(model.release_id)} />],
            ]}
          />
        </Part>
        {model.serving.length > 0 && (
          <Part title="Deployments">
            {model.serving.map((one) => (
              <KeyValue
                key={one.deployment}
                rows={[
                  [
                    <Link
                      key="name"
                      to="/deployments"
                      search={{ open: one.deployment }}
                      className="text-link"
                    >
                      {one.deployment}
                    </Link>,
                    <StatusBadge key="health" state={one.healthy ? "healthy" : "unhealthy"} />,
                  ],
                  [
                    "Engine",
                    one.engine ? `${one.engine}: ${one.engine_state || "not seen"}` : "somebody else's",
                  ],
                ]}
              />
            ))}
          </Part>
        )}
        {model.flags.length > 0 && (
          <Part title="Held against it">
            <CodeBlock value={model.flags} label="Flags" />
          </Part>
        )}
      </div>
    </Drawer>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 style={{ margin: "0 0 12px", fontSize: 13 }}>{title}</h3>
      {children}
    </section>
  );
}

/** A link to whatever the id names; plain text where no page shows it. */
function To({ id, text }: { id: string; text: string }) {
  const place = placeOf(id);
  if (!id || !place) return <>{text || "–"}</>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    <Link to={place.to} search={place.search as any} className="text-link">
      {text}
    </Link>
  );
}
