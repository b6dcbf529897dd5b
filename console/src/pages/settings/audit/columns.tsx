/** The columns of the audit log. */
import type { Answer } from "~/api/page";
import { type Column, format } from "~/kit";
import css from "../settings.module.css";

export type Entry = Answer<"/api/v1/views/audit">["rows"][number];

const THEM: Record<string, string> = {
  volant: "the loop",
  loop: "the loop",
  holder: "the data directory’s holder",
};

export function actorOf(actor: string, names: Record<string, string>): string {
  return names[actor] ?? THEM[actor] ?? (actor ? format.shortId(actor) : "nobody known");
}

/** `scopes inference, grace s 0`: what else the row says, in one line. */
export function detailOf(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${plain(value)}`)
    .join(", ");
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(" ");
  if (typeof value === "string") return /^[a-z]+_[0-9a-f]{16,}$/.test(value) ? format.shortId(value) : value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function columnsOf(names: Record<string, string>): Column<Entry>[] {
  return [
    {
      id: "when",
      head: "When",
      width: "148px",
      cell: (row) => <span className="num second">{format.exact(row.created_ms)}</span>,
    },
    {
      id: "actor",
      head: "Who",
      width: "minmax(120px, 1fr)",
      cell: (row) => <span title={row.actor}>{actorOf(row.actor, names)}</span>,
    },
    {
      id: "action",
      head: "What",
      width: "minmax(136px, 1fr)",
      cell: (row) => <span className={css.name}>{row.action}</span>,
    },
    {
      id: "object",
      head: "To",
      width: "minmax(150px, 1.4fr)",
      cell: (row) => (
        <span title={row.object_id}>
          {row.object_kind} <span className="mono second">{format.shortId(row.object_id)}</span>
        </span>
      ),
    },
    {
      id: "detail",
      head: "Detail",
      width: "minmax(120px, 2fr)",
      from: 760,
      cell: (row) => <span className="second">{detailOf(row.detail)}</span>,
    },
    {
      id: "id",
      head: "Row",
      width: "56px",
      right: true,
      cell: (row) => <span className="quiet">{row.id}</span>,
    },
  ];
}
