/** One item: its outcome in both reports; the question and the answers when somebody who may asks for them. */
import { useState } from "react";
import { usePage } from "~/api/page";
import { ActionButton, Drawer, Id, KeyValue, Loaded, PlainText, Tag } from "~/kit";
import { To } from "~/shell/To";
import { type ItemRow, outcome, placeIn } from "./items";
import { nameOf, type ReportView } from "./measures";
import css from "./reports.module.css";

export function ItemDrawer({ view, row, onClose }: { view: ReportView; row: ItemRow; onClose: () => void }) {
  const [asked, setAsked] = useState("");
  const { place, probe } = placeIn(row.item);
  return (
    <Drawer
      title={place}
      label={`Item ${place}`}
      width={560}
      onClose={onClose}
      actions={row.flip && <Tag tone={row.flip === "better" ? "ok" : "bad"}>got {row.flip}</Tag>}
    >
      <div style={{ display: "grid", gap: 24 }}>
        <KeyValue
          rows={[
            [
              "Item",
              <span key="i" className="mono">
                {row.item}
              </span>,
            ],
            [
              "Probe",
              row.metric ? `${nameOf(row.metric)}${probe ? `: ${probe.replaceAll("_", " ")}` : ""}` : "–",
            ],
            ["Label", row.known ? "known: it was trained on others of this label" : "new since the baseline"],
            [view.model_label || "Now", outcome(row.metric, row.score)],
            ...(view.baseline
              ? [
                  [view.baseline_label || "Baseline", outcome(row.metric, row.baseline_score)] as [
                    string,
                    string,
                  ],
                ]
              : []),
            [
              "Record",
              row.record_id ? (
                <span key="r">
                  <Id id={row.record_id} />{" "}
                  <To link={{ kind: "record", id: row.record_id }}>what derives from it</To>
                </span>
              ) : (
                "it is no record of a dataset"
              ),
            ],
            [
              "Answer it was made from",
              row.inference_id ? (
                <To key="t" link={{ kind: "inference", id: row.inference_id }}>
                  open the trace
                </To>
              ) : (
                "none: it was imported"
              ),
            ],
          ]}
        />
        {asked === row.item ? (
          <Texts view={view} row={row} />
        ) : (
          <div>
            <ActionButton needs="content" onClick={() => setAsked(row.item)}>
              Show the question and answers
            </ActionButton>
            <p className="quiet" style={{ margin: "8px 0 0" }}>
              People wrote them: that you read them is noted in the audit log.
            </p>
          </div>
        )}
      </div>
    </Drawer>
  );
}

function Texts({ view, row }: { view: ReportView; row: ItemRow }) {
  const text = usePage("/api/v1/views/reports/{report_id}/item", {
    path: { report_id: view.report.report_id },
    query: { item: row.item, baseline: view.baseline?.report_id ?? "none" },
  });
  return (
    <Loaded query={text}>
      {(data) => (
        <div style={{ display: "grid", gap: 16 }}>
          <Said
            title="Question"
            text={data.question}
            none="Not kept: its person was erased, or it is made up."
          />
          {data.answer && <Said title="Right answer" text={data.answer} />}
          <Said title={view.model_label || "This model"} text={data.output} none="Nothing was kept." />
          {view.baseline && (
            <Said
              title={view.baseline_label || "Baseline"}
              text={data.baseline_output}
              none="Nothing was kept."
            />
          )}
        </div>
      )}
    </Loaded>
  );
}

function Said({ title, text, none }: { title: string; text: string; none?: string }) {
  return (
    <section className={css.part}>
      <h3>{title}</h3>
      {text ? (
        <div className={css.text}>
          <PlainText>{text}</PlainText>
        </div>
      ) : (
        <p className="quiet" style={{ margin: 0 }}>
          {none}
        </p>
      )}
    </section>
  );
}
