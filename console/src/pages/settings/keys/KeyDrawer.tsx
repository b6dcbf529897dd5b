/** One key: what it may do, and how to replace or end it. */
import { Select } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { ActionButton, Ago, Drawer, Id, KeyValue, StatusBadge } from "~/kit";
import { Confirm, said } from "../parts";
import css from "../settings.module.css";
import type { Made } from "./KeyShown";
import { type ApiKey, limits, SCOPES, stateOf } from "./keys";

const GRACES = [
  { value: "0", label: "ends at once" },
  { value: "3600", label: "works for another hour" },
  { value: "86400", label: "works for another day" },
  { value: "604800", label: "works for another week" },
];

export function KeyDrawer({
  apiKey,
  onMade,
  onClose,
}: {
  apiKey: ApiKey;
  onMade: (made: Made) => void;
  onClose: () => void;
}) {
  const [asked, setAsked] = useState<"rotate" | "revoke" | "">("");
  const [grace, setGrace] = useState("0");
  const path = { key_id: apiKey.id };
  const state = stateOf(apiKey);
  const gone = state === "usable" ? "" : `This key is ${state}.`;

  const rotate = useChange<void, void>(async () => {
    const { data } = await api.POST("/api/v1/keys/{key_id}/rotate", {
      params: { path, query: { grace_s: Number(grace) } },
    });
    if (!data) throw new Error("no key came back");
    onClose();
    onMade({
      clear: data.clear,
      name: apiKey.name,
      task: apiKey.tasks[0],
      calls: apiKey.scopes.includes("inference") || apiKey.scopes.includes("admin"),
    });
  }, ["settings", "audit"]);
  const revoke = useChange<void, void>(async () => {
    await api.DELETE("/api/v1/keys/{key_id}", { params: { path } });
    said(`The key ${apiKey.name} no longer works.`);
  }, ["settings", "audit"]);

  return (
    <Drawer
      title={apiKey.name}
      label={`Key ${apiKey.name}`}
      width={480}
      actions={<StatusBadge state={state === "usable" ? "active" : state} label={state} />}
      onClose={onClose}
    >
      <div className={css.stack}>
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
            ["Limits", limits(apiKey) || "none"],
            ["Tasks", apiKey.tasks.join(", ") || "all of the project"],
          ]}
        />
        <section>
          <h3>May</h3>
          <KeyValue rows={apiKey.scopes.map((scope) => [scope, SCOPES[scope] ?? scope])} />
        </section>
        <div className={css.buttons}>
          <ActionButton needs="keys" refused={gone} onClick={() => setAsked("rotate")}>
            Rotate
          </ActionButton>
          <ActionButton needs="keys" refused={gone} onClick={() => setAsked("revoke")}>
            Revoke
          </ActionButton>
        </div>
        <p className={css.lead}>
          <Link to="/traces" search={{ key_id: apiKey.id }} className="text-link">
            Its answers
          </Link>
          {" · "}
          <Link to="/settings/audit" search={{ object_id: apiKey.id }} className="text-link">
            What was done to it
          </Link>
        </p>
      </div>
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
