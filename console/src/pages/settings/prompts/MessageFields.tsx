/** The messages of a draft: who says them, in which order, and the template. */
import { ActionIcon, Select, Textarea } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconTrash } from "@tabler/icons-react";
import css from "../settings.module.css";
import { type MessageRow, SPEAKERS } from "./draft";

export function MessageFields({
  rows,
  onChange,
}: {
  rows: MessageRow[];
  onChange: (rows: MessageRow[]) => void;
}) {
  const set = (id: number, change: Partial<MessageRow>) =>
    onChange(rows.map((row) => (row.id === id ? { ...row, ...change } : row)));
  function move(from: number, to: number) {
    const next = [...rows];
    const [row] = next.splice(from, 1);
    if (row) next.splice(to, 0, row);
    onChange(next);
  }
  return (
    <div className={css.form} style={{ gap: 12 }}>
      {rows.map((row, at) => (
        <div key={row.id} className={css.message}>
          <div className={css.messageHead}>
            <Select
              size="xs"
              w={160}
              aria-label={`Role of message ${at + 1}`}
              data={SPEAKERS}
              allowDeselect={false}
              value={row.role}
              onChange={(role) => role && set(row.id, { role: role as MessageRow["role"] })}
            />
            <ActionIcon
              aria-label={`Move message ${at + 1} up`}
              disabled={at === 0}
              onClick={() => move(at, at - 1)}
            >
              <IconArrowUp size={15} />
            </ActionIcon>
            <ActionIcon
              aria-label={`Move message ${at + 1} down`}
              disabled={at === rows.length - 1}
              onClick={() => move(at, at + 1)}
            >
              <IconArrowDown size={15} />
            </ActionIcon>
            <ActionIcon
              aria-label={`Remove message ${at + 1}`}
              onClick={() => onChange(rows.filter((one) => one.id !== row.id))}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </div>
          {row.role === "placeholder" ? (
            <span className="quiet">
              Here the caller’s own messages go; without a placeholder they come last.
            </span>
          ) : (
            <Textarea
              aria-label={`Template of message ${at + 1}`}
              placeholder="You sort questions for {{ bank }} …"
              autosize
              minRows={3}
              maxRows={18}
              styles={{ input: { fontFamily: "var(--v-mono)", fontSize: 12, lineHeight: 1.6 } }}
              value={row.template}
              onChange={(event) => set(row.id, { template: event.currentTarget.value })}
            />
          )}
        </div>
      ))}
      {rows.length === 0 && <span className="quiet">No message yet.</span>}
    </div>
  );
}
