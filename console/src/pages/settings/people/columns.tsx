/** The columns of members and of invitations. */
import { Ago, type Column, StatusBadge, Tag } from "~/kit";
import css from "../settings.module.css";
import type { Invitation, Member } from "./PeoplePage";

export const memberColumns: Column<Member>[] = [
  {
    id: "name",
    head: "Name",
    width: "minmax(220px, 2fr)",
    cell: (row) => (
      <>
        <div className={css.name}>{row.name || row.email}</div>
        <div className={css.sub}>{row.email}</div>
      </>
    ),
  },
  {
    id: "role",
    head: "Role",
    width: "minmax(160px, 1fr)",
    cell: (row) => (
      <span className={css.tags}>
        {row.role || "none here"}
        {row.installation_admin && <Tag tone="accent">installation</Tag>}
      </span>
    ),
  },
  { id: "state", head: "State", width: "104px", cell: (row) => <StatusBadge state={row.state} /> },
  {
    id: "seen",
    head: "Signed in",
    width: "96px",
    right: true,
    cell: (row) =>
      row.last_login_ms ? <Ago at_ms={row.last_login_ms} /> : <span className="quiet">never</span>,
  },
  {
    id: "since",
    head: "Member since",
    width: "104px",
    right: true,
    from: 700,
    cell: (row) => <Ago at_ms={row.since_ms} />,
  },
];

const PURPOSES: Record<string, string> = { join: "membership", setup: "first person", reset: "new password" };

export const invitationColumns: Column<Invitation>[] = [
  {
    id: "email",
    head: "For",
    width: "minmax(200px, 2fr)",
    cell: (row) => <span className={css.name}>{row.email || "whoever comes first"}</span>,
  },
  { id: "role", head: "Role", width: "minmax(96px, 1fr)", cell: (row) => row.role },
  { id: "purpose", head: "Gives", width: "120px", cell: (row) => PURPOSES[row.purpose] ?? row.purpose },
  { id: "state", head: "State", width: "108px", cell: (row) => <StatusBadge state={row.state} /> },
  {
    id: "made",
    head: "Made",
    width: "88px",
    right: true,
    from: 700,
    cell: (row) => <Ago at_ms={row.created_ms} />,
  },
  {
    id: "ends",
    head: "Ends",
    width: "88px",
    right: true,
    cell: (row) => <Ago at_ms={row.state === "open" ? row.expires_ms : 0} />,
  },
];
