/** Invite somebody: whom, as what. The link comes back once. */
import { Checkbox, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { useSession } from "~/session/session";
import { FormDialog } from "../parts";
import { ROLES } from "./roles";

export function Invite({
  onLink,
  onClose,
}: {
  onLink: (made: { link: string; email: string }) => void;
  onClose: () => void;
}) {
  const { person } = useSession();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("viewer");
  const [everywhere, setEverywhere] = useState(false);
  const change = useChange(async () => {
    const body = { email: email.trim(), role, installation_admin: everywhere };
    const { data } = await api.POST("/api/v1/invitations", { body });
    if (!data) throw new Error("no link came back");
    return data;
  }, ["people", "audit"]);
  return (
    <FormDialog
      title="Invite somebody"
      label="Make the link"
      change={change}
      disabled={!email.trim()}
      submit={() =>
        change.mutate(undefined, {
          onSuccess: (made) => {
            onClose();
            onLink({ link: made.link, email: made.invitation.email });
          },
        })
      }
      onClose={onClose}
    >
      <TextInput
        label="E-mail"
        type="email"
        data-autofocus
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <RoleSelect value={role} onChange={setRole} />
      {person.installation_admin && (
        <Checkbox
          label="Admin of the installation: every project, and making new ones"
          checked={everywhere}
          onChange={(event) => setEverywhere(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}

export function RoleSelect({
  value,
  onChange,
  disabled,
}: {
  value: string;
  onChange: (role: string) => void;
  disabled?: boolean;
}) {
  return (
    <Select
      label="Role"
      description={ROLES[value]}
      data={Object.keys(ROLES)}
      allowDeselect={false}
      checkIconPosition="right"
      disabled={disabled}
      value={value}
      onChange={(role) => role && onChange(role)}
    />
  );
}
