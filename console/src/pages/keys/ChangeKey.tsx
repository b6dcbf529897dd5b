/** Other ceilings, operations or reach for a key: they hold within a second, what is spent stays spent. */
import { Checkbox, MultiSelect } from "@mantine/core";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { FormDialog, said } from "../settings/parts";
import { type ApiKey, OPERATIONS } from "./keys";
import { LimitFields } from "./LimitFields";

export function ChangeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [limits, setLimits] = useState(apiKey.limits);
  const [operations, setOperations] = useState<string[]>([...apiKey.operations]);
  const [direct, setDirect] = useState(apiKey.direct);
  const change = useChange<void, void>(async () => {
    await api.PATCH("/api/v1/keys/{key_id}", {
      params: { path: { key_id: apiKey.id } },
      body: { limits, operations, direct },
    });
    said(`${apiKey.name} has its new limits.`);
  }, ["settings", "audit"]);
  return (
    <FormDialog
      title={`Change ${apiKey.name}`}
      label="Change the key"
      size="lg"
      change={change}
      submit={() => change.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="second" style={{ margin: 0 }}>
        Programs that use it meet these within a second. What is spent stays spent.
      </p>
      <LimitFields limits={limits} onChange={setLimits} />
      <MultiSelect
        label="Only these operations"
        placeholder={operations.length ? "" : "All of them"}
        data={OPERATIONS}
        value={operations}
        onChange={setOperations}
      />
      <Checkbox
        label="Direct"
        description="May also ask for a deployment or provider/model, not only for tasks"
        checked={direct}
        onChange={(event) => setDirect(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
