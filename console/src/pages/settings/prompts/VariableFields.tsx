/** The variables of a draft: name, type, default, whether a caller must give it. */
import { ActionIcon, Checkbox, Select, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import css from "../settings.module.css";
import { KINDS, type Kind, typedValue, type VariableRow, type VariableSpec } from "./draft";

export function VariableFields({
  rows,
  onChange,
}: {
  rows: VariableRow[];
  onChange: (rows: VariableRow[]) => void;
}) {
  const set = (id: number, change: Partial<VariableRow>) =>
    onChange(rows.map((row) => (row.id === id ? { ...row, ...change } : row)));
  const spec = (row: VariableRow, change: Partial<VariableSpec>) =>
    set(row.id, { spec: { ...row.spec, ...change } });
  if (rows.length === 0) {
    return (
      <span className="quiet">
        None. A template that says <code className="mono">{"{{ bank }}"}</code> needs one named bank.
      </span>
    );
  }
  return (
    <div className={css.form} style={{ gap: 8 }}>
      {rows.map((row, at) => (
        <div key={row.id} className={css.variable}>
          <TextInput
            size="xs"
            aria-label={`Name of variable ${at + 1}`}
            placeholder="name"
            value={row.name}
            onChange={(event) => set(row.id, { name: event.currentTarget.value })}
          />
          <Select
            size="xs"
            aria-label={`Type of variable ${at + 1}`}
            data={KINDS}
            allowDeselect={false}
            value={row.spec.type ?? "string"}
            onChange={(kind) => kind && spec(row, { type: kind as Kind, default: null })}
          />
          <TextInput
            size="xs"
            aria-label={`Default of variable ${at + 1}`}
            placeholder="no default"
            value={shown(row.spec)}
            onChange={(event) => {
              const typed = event.currentTarget.value;
              spec(row, { default: typed ? typedValue(row.spec.type ?? "string", typed) : null });
            }}
          />
          <Checkbox
            size="xs"
            label="required"
            checked={row.spec.required !== false}
            onChange={(event) => spec(row, { required: event.currentTarget.checked })}
          />
          <ActionIcon
            aria-label={`Remove variable ${at + 1}`}
            onClick={() => onChange(rows.filter((one) => one.id !== row.id))}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </div>
      ))}
    </div>
  );
}

function shown({ default: value }: VariableSpec): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
