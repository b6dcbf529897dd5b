/** One key: what it may do, how far its ceilings are used, how to call with it, and how to change, replace or end it. */
import { Select } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { ActionButton, Ago, Drawer, format, Id, KeyValue, StatusBadge } from "~/kit";
import { Confirm, said } from "../settings/parts";
import { BurnDown } from "./BurnDown";
import { type Budget, isBudget } from "./budgets";
import { ChangeKey } from "./ChangeKey";
import type { Made } from "./KeyShown";
import { type ApiKey, SCOPES, stateOf, type View } from "./keys";
import css from "./keys.module.css";
import { Meter } from "./Meters";
import { Snippets } from "./Snippets";

const GRACES = [
  { value: "0", label: "ends at once" },
  { value: "3600", label: "works for another hour" },
  { value: "86400", label: "works for another day" },
  { value: "604800", label: "works for another week" },
];

interface Props {
  apiKey: ApiKey;
  view: View;
  budget?: string;
  onBudget: (budget: Budget) => void;
  onMade: (made: Made) => void;
  onClose: () => void;
}

export function KeyDrawer({ apiKey, view, budget, onBudget, onMade, onClose }: Props) {
  const [asked, setAsked] = useState<"change" | "rotate" | "revoke" | "">("");
  const [grace, setGrace] = useState("0");
  const path = { key_id: apiKey.id };
  const state = stateOf(apiKey);
  const gone = state === "usable" ? "" : `This key is ${state}.`;
  const calls = apiKey.scopes.includes("inference") || apiKey.scopes.includes("admin");

  const rotate = useChange<void, void>(async () => {
    const { data } = await api.POST("/api/v1/keys/{key_id}/rotate", {
      params: { path, query: { grace_s: Number(grace) } },
    });
    if (!data) throw new Error("no key came back");
    onClose();
    onMade({ clear: data.clear, name: apiKey.name, tasks: [...apiKey.tasks], calls });
  }, ["settings", "audit"]);
  const revoke = useChange<void, void>(async () => {
    await api.DELETE("/api/v1/keys/{key_id}", { params: { path } });
    said(`The key ${apiKey.name} no longer works.`);
  }, ["settings", "audit"]);

  return (
    <Drawer
      title={apiKey.name}
      label={`Key ${apiKey.name}`}
      width={560}
      actions={<StatusBadge state={state === "usable" ? "active" : state} label={state} />}
      onClose={onClose}
    >
      <div className={css.stack}>
        <div className={css.buttons}>
          <ActionButton needs="keys" refused={gone} onClick={() => setAsked("change")}>
            Change limits
          </ActionButton>
          <ActionButton needs="keys" refused={gone} onClick={() => setAsked("rotate")}>
            Rotate
          </ActionButton>
          <ActionButton needs="keys" refused={gone} onClick={() => setAsked("revoke")}>
            Revoke
          </ActionButton>
        </div>
        <section>
          <h3>Ceilings</h3>
          {apiKey.burns.length > 0 ? (
            <div className={css.meters}>
              {apiKey.burns.map((burn) => (
                <Meter key={burn.limit} burn={burn} now_ms={view.now_ms} />
              ))}
            </div>
          ) : (
            <p className="quiet">
              {gone || "It has none: whoever holds it may spend what the project's own ceilings leave."}
            </p>
          )}
        </section>
        {apiKey.burns.some((burn) => isBudget(burn.limit)) && (
          <section>
            <h3>Burn-down</h3>
            <BurnDown
              over="key"
              name={apiKey.id}
              title={apiKey.name}
              burns={apiKey.burns}
              chosen={budget}
              onChoose={onBudget}
            />
          </section>
        )}
        <section>
          <h3>May</h3>
          <KeyValue
            rows={[
              ...apiKey.scopes.map((scope): [string, string] => [scope, SCOPES[scope] ?? scope]),
              ["Tasks", apiKey.tasks.join(", ") || "all of the project"],
              ["Operations", apiKey.operations.map((one) => one.replaceAll("_", " ")).join(", ") || "all"],
              ["Direct", apiKey.direct ? "may ask for a deployment or provider/model" : "only tasks"],
            ]}
          />
        </section>
        {calls && !gone && (
          <section>
            <h3>Call with it</h3>
            <Snippets url={view.public_url} tasks={apiKey.tasks.length ? [...apiKey.tasks] : view.tasks} />
          </section>
        )}
        <section>
          <h3>Facts</h3>
          <KeyValue
            rows={[
              [
                "Begins with",
                <span key="prefix" className="mono">
                  {apiKey.prefix}…
                </span>,
              ],
              ["Id", <Id key="id" id={apiKey.id} full />],
              ["Made", <Ago key="made" at_ms={apiKey.created_ms} />],
              ["Expires", apiKey.expires_ms ? <Ago key="ends" at_ms={apiKey.expires_ms} /> : "never"],
              ...(apiKey.revoked_ms
                ? ([["Ended", <Ago key="ended" at_ms={apiKey.revoked_ms} />]] as [string, React.ReactNode][])
                : []),
              [
                `Used, ${view.days.days.length} days`,
                `${format.num(apiKey.requests)} requests, ${format.short(apiKey.tokens)} tokens, ${format.usd(apiKey.cost_usd)}`,
              ],
            ]}
          />
        </section>
        <p className={css.links}>
          <Link to="/traces" search={{ key_id: apiKey.id }} className="text-link">
            Its answers
          </Link>
          {" · "}
          <Link to="/settings/audit" search={{ object_id: apiKey.id }} className="text-link">
            What was done to it
          </Link>
        </p>
      </div>
      {asked === "change" && <ChangeKey apiKey={apiKey} onClose={() => setAsked("")} />}
      {asked === "rotate" && (
        <Confirm
          title={`Rotate ${apiKey.name}`}
          label="Make the new key"
          change={rotate}
          onClose={() => setAsked("")}
        >
          <div className={css.form}>
            <span>A new key with the same terms takes its place; it is shown once.</span>
            <Select
              label="The old key"
              data={GRACES}
              allowDeselect={false}
              value={grace}
              onChange={(value) => setGrace(value ?? "0")}
            />
          </div>
        </Confirm>
      )}
      {asked === "revoke" && (
        <Confirm
          title={`Revoke ${apiKey.name}`}
          label="Revoke"
          danger
          change={revoke}
          onClose={() => setAsked("")}
        >
          Programs that use it are refused within a second, for good. To replace it without a gap, rotate it.
        </Confirm>
      )}
    </Drawer>
  );
}
