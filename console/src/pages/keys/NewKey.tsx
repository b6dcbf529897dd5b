/** A new key: what it may do, how much, how long. */
import { Checkbox, MultiSelect, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { FormDialog } from "../settings/parts";
import type { Made } from "./KeyShown";
import { NO_LIMITS, OPERATIONS, SCOPES } from "./keys";
import css from "./keys.module.css";
import { LimitFields } from "./LimitFields";

const DAY_MS = 86_400_000;
const LASTS = [
  { value: "0", label: "Never" },
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

interface Props {
  tasks: string[];
  onMade: (made: Made) => void;
  onClose: () => void;
}

export function NewKey({ tasks, onMade, onClose }: Props) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["inference"]);
  const [only, setOnly] = useState<string[]>([]);
  const [operations, setOperations] = useState<string[]>([]);
  const [direct, setDirect] = useState(false);
  const [limits, setLimits] = useState(NO_LIMITS);
  const [days, setDays] = useState("90");
  const calls = scopes.includes("inference") || scopes.includes("admin");
  const change = useChange(async () => {
    const { data } = await api.POST("/api/v1/keys", {
      body: {
        name: name.trim(),
        scopes,
        tasks: only,
        requests_per_minute: 0,
        usd_per_day: 0,
        limits,
        operations,
        direct,
        expires_ms: Number(days) ? Date.now() + Number(days) * DAY_MS : 0,
      },
    });
    if (!data) throw new Error("no key came back");
    return data;
  }, ["settings", "audit"]);

  return (
    <FormDialog
      title="New key"
      label="Make the key"
      size="lg"
      change={change}
      disabled={!name.trim() || scopes.length === 0}
      submit={() =>
        change.mutate(undefined, {
          onSuccess: (made) => {
            onClose();
            onMade({ clear: made.clear, name: name.trim(), tasks: only, calls });
          },
        })
      }
      onClose={onClose}
    >
      <div className={css.pair}>
        <TextInput
          label="Name"
          placeholder="Which program uses it"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Expires"
          data={LASTS}
          allowDeselect={false}
          value={days}
          onChange={(value) => setDays(value ?? "0")}
        />
      </div>
      <Checkbox.Group label="May" value={scopes} onChange={setScopes}>
        <div className={css.scopes}>
          {Object.entries(SCOPES).map(([scope, does]) => (
            <Checkbox key={scope} value={scope} label={scope} description={does} />
          ))}
        </div>
      </Checkbox.Group>
      {calls && (
        <>
          <div className={css.pair}>
            <MultiSelect
              label="Only these tasks"
              placeholder={only.length ? "" : "All of them"}
              data={tasks}
              value={only}
              onChange={setOnly}
            />
            <MultiSelect
              label="Only these operations"
              placeholder={operations.length ? "" : "All of them"}
              data={OPERATIONS}
              value={operations}
              onChange={setOperations}
            />
          </div>
          <LimitFields limits={limits} onChange={setLimits} />
          <Checkbox
            label="Direct"
            description="May also ask for a deployment or provider/model, not only for tasks"
            checked={direct}
            onChange={(event) => setDirect(event.currentTarget.checked)}
          />
        </>
      )}
    </FormDialog>
  );
}
