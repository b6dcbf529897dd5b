/** A new key: what it may do, how much, how long. */
import { Checkbox, MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { FormDialog } from "../parts";
import css from "../settings.module.css";
import type { Made } from "./KeyShown";
import { SCOPES } from "./keys";

const DAY_MS = 86_400_000;
const LASTS = [
  { value: "0", label: "Never" },
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

const NO_LIMITS = {
  requests_per_minute: 0,
  tokens_per_minute: 0,
  concurrent: 0,
  usd_per_day: 0,
  usd_per_month: 0,
  tokens_per_day: 0,
  tokens_per_month: 0,
};

export function NewKey({
  tasks,
  onMade,
  onClose,
}: {
  tasks: string[];
  onMade: (made: Made) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["inference"]);
  const [only, setOnly] = useState<string[]>([]);
  const [perMinute, setPerMinute] = useState<number | string>("");
  const [perDay, setPerDay] = useState<number | string>("");
  const [days, setDays] = useState("90");
  const change = useChange(async () => {
    const { data } = await api.POST("/api/v1/keys", {
      body: {
        name: name.trim(),
        scopes,
        tasks: only,
        requests_per_minute: Number(perMinute) || 0,
        usd_per_day: Number(perDay) || 0,
        limits: NO_LIMITS,
        operations: [],
        direct: false,
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
            onMade({
              clear: made.clear,
              name: name.trim(),
              task: only[0],
              calls: scopes.includes("inference") || scopes.includes("admin"),
            });
          },
        })
      }
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="Which program uses it."
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group label="May" value={scopes} onChange={setScopes}>
        <div style={{ display: "grid", gap: 8, marginTop: 4 }}>
          {Object.entries(SCOPES).map(([scope, does]) => (
            <Checkbox key={scope} value={scope} label={scope} description={does} />
          ))}
        </div>
      </Checkbox.Group>
      <div className={css.pair}>
        <MultiSelect
          label="Only these tasks"
          placeholder={only.length ? "" : "All of them"}
          data={tasks}
          value={only}
          onChange={setOnly}
        />
        <Select
          label="Expires"
          data={LASTS}
          allowDeselect={false}
          value={days}
          onChange={(value) => setDays(value ?? "0")}
        />
        <NumberInput
          label="Requests a minute"
          placeholder="No limit"
          min={0}
          allowDecimal={false}
          value={perMinute}
          onChange={setPerMinute}
        />
        <NumberInput
          label="US dollars a day"
          placeholder="No budget"
          min={0}
          decimalScale={2}
          prefix="$"
          value={perDay}
          onChange={setPerDay}
        />
      </div>
    </FormDialog>
  );
}
