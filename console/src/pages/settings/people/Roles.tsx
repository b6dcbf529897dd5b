/** What each role may do: permissions by role. */
import { IconCheck } from "@tabler/icons-react";
import { Loading } from "~/kit";
import { DOES, type Permission } from "~/session/session";
import css from "../settings.module.css";
import type { People } from "./PeoplePage";

export function Roles({ roles }: { roles: People["roles"] | undefined }) {
  if (!roles) return <Loading rows={12} />;
  const permissions = Object.entries(DOES) as [Permission, string][];
  return (
    <section style={{ overflow: "auto", flex: 1 }} tabIndex={0} aria-label="Roles">
      <table className={css.plain} style={{ minWidth: 760, background: "var(--v-surface)" }}>
        <thead>
          <tr>
            <th style={{ paddingLeft: 24 }}>May</th>
            {roles.map(({ role, members }) => (
              <th key={role} style={{ textAlign: "center" }}>
                {role}
                <div className={css.sub}>{members || "–"}</div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {permissions.map(([permission, does]) => (
            <tr key={permission}>
              <td style={{ paddingLeft: 24 }}>{does}</td>
              {roles.map(({ role, permissions: given }) => (
                <td key={role} style={{ textAlign: "center" }}>
                  {given.includes(permission) ? (
                    <IconCheck size={15} aria-label="yes" style={{ color: "var(--v-ok)" }} />
                  ) : (
                    <span className="hidden-text">no</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
