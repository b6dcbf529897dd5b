/** What is picked for a dataset: a box for each row of the list, and a bar above it. */
import { IconDatabasePlus } from "@tabler/icons-react";
import { ActionButton, type Column } from "~/kit";
import { useRefusal } from "~/session/session";
import { MOST_PICKED } from "./dataset";
import css from "./dataset.module.css";
import type { TraceRow } from "./filters";
import { answers } from "./ToDataset";

export function boxes(picked: string[], toggle: (id: string) => void): Column<TraceRow> {
  const chosen = new Set(picked);
  return {
    id: "picked",
    head: <span className="hidden-text">Picked</span>,
    width: "20px",
    cell: ({ inference }) => (
      <input
        type="checkbox"
        className={css.pick}
        aria-label={`Pick ${inference.id}`}
        checked={chosen.has(inference.id)}
        onClick={(event) => event.stopPropagation()}
        onChange={() => toggle(inference.id)}
      />
    ),
  };
}

interface Props {
  picked: string[];
  onClear: () => void;
  onAdd: () => void;
}

export function PickedBar({ picked, onClear, onAdd }: Props) {
  return (
    <section className={css.bar} aria-label="Picked answers">
      <span role="status">
        {answers(picked.length)} picked{picked.length >= MOST_PICKED && ", the most at once"}
      </span>
      <button type="button" className="link-button" onClick={onClear}>
        Let go of all
      </button>
      <ToDatasetButton onClick={onAdd} />
    </section>
  );
}

export function ToDatasetButton({ onClick }: { onClick: () => void }) {
  const unread = useRefusal("content");
  return (
    <ActionButton
      size="xs"
      needs="data"
      refused={unread}
      leftSection={<IconDatabasePlus size={14} aria-hidden />}
      onClick={onClick}
    >
      To dataset
    </ActionButton>
  );
}
