/** Ceilings that are over everybody: of the project, its tasks and models, as `[[limits]]` of volant.toml says. */
import { IconGauge } from "@tabler/icons-react";
import { CodeBlock, Columns, Empty, Panel } from "~/kit";
import { BurnDown } from "./BurnDown";
import { type Budget, isBudget, titleOf } from "./budgets";
import { addressOf, type View } from "./keys";
import css from "./keys.module.css";
import { Meter } from "./Meters";

const TEACH = `[[limits]]
over = "project"
limits = { usd_per_month = 500.0 }

[[limits]]
over = "task"
name = "helpdesk"
limits = { requests_per_minute = 600, usd_per_day = 20.0 }`;

export function Ceilings({
  view,
  budget,
  onBudget,
}: {
  view: View;
  budget?: string;
  onBudget: (of: string, budget: Budget) => void;
}) {
  const [of = "", chosen = ""] = (budget ?? "").split("/");
  if (view.ceilings.length === 0) {
    return (
      <Empty title="No ceiling over the project" icon={IconGauge}>
        <p>
          A key's own ceilings stand on the key. What everybody spends together is limited in{" "}
          <code className="mono">volant.toml</code>; <code className="mono">volant apply</code> takes it.
        </p>
        <div style={{ marginTop: 12, minWidth: 380, textAlign: "left" }}>
          <CodeBlock value={TEACH} label="volant.toml" />
        </div>
      </Empty>
    );
  }
  return (
    <Columns min={440}>
      {view.ceilings.map((one) => (
        <Panel key={addressOf(one)} title={titleOf(one)}>
          <div className={css.stack}>
            <div className={css.meters}>
              {one.burns.map((burn) => (
                <Meter key={burn.limit} burn={burn} now_ms={view.now_ms} />
              ))}
            </div>
            {one.burns.some((burn) => isBudget(burn.limit)) && (
              <BurnDown
                over={one.over}
                name={one.name}
                title={titleOf(one)}
                burns={one.burns}
                chosen={of === addressOf(one) ? chosen : undefined}
                onChoose={(next) => onBudget(addressOf(one), next)}
              />
            )}
          </div>
        </Panel>
      ))}
    </Columns>
  );
}
