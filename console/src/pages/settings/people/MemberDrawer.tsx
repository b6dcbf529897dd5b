/** One member: their role, and what an admin may do about their access. */
import { useState } from "react";
import { api, send } from "~/api/client";
import { useChange } from "~/api/page";
import { ActionButton, Ago, Drawer, Id, KeyValue, StatusBadge } from "~/kit";
import { useProject, useSession } from "~/session/session";
import { Confirm, Refusal, said } from "../parts";
import css from "../settings.module.css";
import { RoleSelect } from "./Invite";
import type { Member } from "./PeoplePage";

type Asked = "remove" | "reset" | "disable" | "";

export function MemberDrawer({
  member,
  onLink,
  onClose,
}: {
  member: Member;
  onLink: (made: { link: string; email: string }) => void;
  onClose: () => void;
}) {
  const [asked, setAsked] = useState<Asked>("");
  const project = useProject();
  const session = useSession();
  const name = member.name || member.email;
  const params = { path: { person_id: member.id } };
  const topics = ["people", "audit"] as const;
  const beyond = session.person.installation_admin
    ? ""
    : "This reaches beyond the project: for admins of the installation.";

  const role = useChange(
    async (wanted: string) => {
      await send("PUT", `/api/v1/people/${member.id}`, { role: wanted });
      said(`${name} is ${wanted} here now.`);
    },
    [...topics],
  );
  const unlock = useChange<void, void>(async () => {
    await api.POST("/api/v1/people/{person_id}/unlock", { params });
    said(`${name} may try to sign in again.`);
  }, [...topics]);
  const remove = useChange<void, void>(async () => {
    await api.DELETE("/api/v1/people/{person_id}", { params });
    said(`${name} is no longer a member.`);
    onClose();
  }, [...topics]);
  const able = useChange<void, void>(async () => {
    await send("PUT", `/api/v1/people/${member.id}`, { active: member.state === "disabled" });
    said(member.state === "disabled" ? `${name} may sign in again.` : `${name} may not sign in any more.`);
  }, [...topics]);
  const reset = useChange<void, void>(async () => {
    const { data } = await api.POST("/api/v1/people/{person_id}/reset-password", { params });
    if (data) onLink({ link: data.link, email: member.email });
  }, [...topics]);

  return (
    <Drawer
      title={name}
      label={name}
      width={480}
      actions={<StatusBadge state={member.state} />}
      onClose={onClose}
    >
      <div className={css.stack}>
        <KeyValue
          rows={[
            ["E-mail", member.email],
            ["Id", <Id key="id" id={member.id} full />],
            ["Signed in", member.last_login_ms ? <Ago key="seen" at_ms={member.last_login_ms} /> : "never"],
            ["Member since", <Ago key="since" at_ms={member.since_ms} />],
            [
              "Installation",
              member.installation_admin ? "admin: may do everything in every project" : "no part in it",
            ],
          ]}
        />
        <section>
          <h3>Role in {project?.name}</h3>
          <div className={css.form}>
            <RoleSelect
              value={member.role}
              disabled={role.isPending}
              onChange={(wanted) => role.mutate(wanted)}
            />
            <Refusal error={role.error} />
          </div>
        </section>
        <section>
          <h3>Access</h3>
          <div className={css.buttons}>
            <ActionButton
              needs="people"
              refused={member.state === "locked" ? "" : "Their sign-in is not locked."}
              onClick={() => unlock.mutate()}
            >
              Unlock
            </ActionButton>
            <ActionButton needs="people" refused={beyond} onClick={() => setAsked("reset")}>
              New password link
            </ActionButton>
            <ActionButton needs="people" refused={beyond} onClick={() => setAsked("disable")}>
              {member.state === "disabled" ? "Let in again" : "Disable"}
            </ActionButton>
            <ActionButton needs="people" onClick={() => setAsked("remove")}>
              Remove from the project
            </ActionButton>
          </div>
          <Refusal error={unlock.error} />
        </section>
      </div>
      {asked === "remove" && (
        <Confirm title={`Remove ${name}`} label="Remove" danger change={remove} onClose={() => setAsked("")}>
          {name} loses {project?.name} at once, and their sessions end. What they did stays in the audit log.
        </Confirm>
      )}
      {asked === "reset" && (
        <Confirm
          title="A link for a new password"
          label="Make the link"
          change={reset}
          onClose={() => setAsked("")}
        >
          You get a link to send to {name}. Their sessions end when it is used.
        </Confirm>
      )}
      {asked === "disable" && (
        <Confirm
          title={member.state === "disabled" ? `Let ${name} in again` : `Disable ${name}`}
          label={member.state === "disabled" ? "Let in again" : "Disable"}
          danger={member.state !== "disabled"}
          change={able}
          onClose={() => setAsked("")}
        >
          {member.state === "disabled"
            ? `${name} may sign in again, in every project.`
            : `${name} may not sign in anywhere, and their sessions end.`}
        </Confirm>
      )}
    </Drawer>
  );
}
