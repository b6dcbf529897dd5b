/** One invitation: whom it is for, and a way to end it. */
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { ActionButton, Ago, Drawer, Id, KeyValue, StatusBadge } from "~/kit";
import { Confirm, said } from "../parts";
import css from "../settings.module.css";
import type { Invitation } from "./PeoplePage";

export function InvitationDrawer({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const [asking, setAsking] = useState(false);
  const end = useChange<void, void>(async () => {
    await api.DELETE("/api/v1/invitations/{invitation_id}", {
      params: { path: { invitation_id: invitation.id } },
    });
    said("The link no longer works.");
  }, ["people", "audit"]);
  const name = invitation.email || "whoever comes first";
  return (
    <Drawer
      title={name}
      label={`Invitation of ${name}`}
      width={480}
      actions={<StatusBadge state={invitation.state} />}
      onClose={onClose}
    >
      <div className={css.stack}>
        <KeyValue
          rows={[
            ["Becomes", invitation.role],
            ["Made by", <Id key="by" id={invitation.invited_by} />],
            ["Made", <Ago key="made" at_ms={invitation.created_ms} />],
            ["Ends", <Ago key="ends" at_ms={invitation.expires_ms} />],
            ["Id", <Id key="id" id={invitation.id} full />],
          ]}
        />
        <p className={css.lead}>
          The link itself was shown when it was made. A new invitation for the same e-mail ends this one.
        </p>
        <div className={css.buttons}>
          <ActionButton
            needs="people"
            refused={invitation.state === "open" ? "" : `This invitation is ${invitation.state}.`}
            onClick={() => setAsking(true)}
          >
            End the invitation
          </ActionButton>
        </div>
      </div>
      {asking && (
        <Confirm
          title="End the invitation"
          label="End it"
          danger
          change={end}
          onClose={() => setAsking(false)}
        >
          The link for {name} stops working at once.
        </Confirm>
      )}
    </Drawer>
  );
}
