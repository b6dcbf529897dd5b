/** Policies: gates, monitors, retention and erasure as sentences with their values. Read here, changed in volant.toml. */
import { Link } from "@tanstack/react-router";
import { Columns, Empty, Loaded, Page, PageHeader, Panel } from "~/kit";
import { type Settings, useSettings } from "./parts";
import { gateRules, monitorSentence, policyRules, type Rule } from "./sentences";
import css from "./settings.module.css";

export function PoliciesPage() {
  const settings = useSettings();
  return (
    <Page
      header={
        <PageHeader
          title="Policies"
          about={
            <>
              What decides by itself. Change it with{" "}
              <Link to="/settings/configuration" search={{ show: "change" }} className="text-link">
                a changed file
              </Link>
            </>
          }
        />
      }
    >
      <Loaded query={settings} rows={14}>
        {(data) => <Policies data={data} />}
      </Loaded>
    </Page>
  );
}

function Policies({ data }: { data: Settings }) {
  return (
    <>
      <Columns min={420}>
        {data.gates.slice(0, 20).map((gate) => (
          <Panel key={gate.name} title={`Gate ${gate.name}: a model passes when`}>
            <Rules rules={gateRules(gate)} />
          </Panel>
        ))}
        <div className={css.form}>
          <Panel title="Personal data, retention, full disks">
            <Rules rules={policyRules(data)} />
          </Panel>
          {data.monitors.slice(0, 50).map((monitor) => (
            <Panel key={monitor.name} title={`Monitor ${monitor.name} of ${monitor.task}`}>
              <p className={css.lead}>{monitorSentence(monitor)}</p>
              <p className={css.sub} style={{ margin: "8px 0 0" }}>
                {starts(data, monitor.name)}
              </p>
            </Panel>
          ))}
        </div>
      </Columns>
      {data.gates.length + data.monitors.length === 0 && (
        <Empty title="No gate and no monitor yet">
          <p>
            Write <code className="mono">[[gates]]</code>, <code className="mono">[[monitors]]</code> and{" "}
            <code className="mono">[[loops]]</code> into volant.toml, then run{" "}
            <code className="mono">volant apply</code>.
          </p>
        </Empty>
      )}
    </>
  );
}

function starts(data: Settings, monitor: string): string {
  const loop = data.tasks.map((one) => one.loop).find((one) => one?.monitor === monitor);
  if (!loop) return "No loop listens to it: it only alerts.";
  return loop.automatic_retrain === false
    ? `Its alert asks a person whether to run ${loop.recipe} again.`
    : `Its alert starts ${loop.recipe}; the gate ${loop.gate} judges what comes of it.`;
}

function Rules({ rules }: { rules: Rule[] }) {
  return (
    <ul className={css.sentences}>
      {rules.map((rule) => (
        <li key={rule.setting} title={rule.setting}>
          <span>{rule.sentence}</span>
          <b className="num">{rule.value}</b>
        </li>
      ))}
    </ul>
  );
}
