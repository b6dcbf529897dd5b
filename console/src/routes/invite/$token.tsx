/** An invitation's link, or the first set-up: choose a name and a password. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { createFileRoute, Link, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { accept, type Invitation, invitationQuery, methodsQuery } from "~/session/session";
import { FormError, Gate, Or } from "~/shell/Gate";

export const Route = createFileRoute("/invite/$token")({
  component: InvitationPage,
});

const LEAST = 12; // characters; the server has the last word

function InvitationPage() {
  const { token } = Route.useParams();
  const found = useQuery({ ...invitationQuery(token), enabled: !!token });
  useEffect(() => {
    document.title = "Invitation · Volant";
  }, []);
  if (found.data) return <Accept token={token} invitation={found.data} />;
  if (found.isLoading) return null;
  return (
    <Gate title="This link does not work">
      <FormError error={found.error ?? new Error("the address lacks its token: copy the whole link")} />
      <Button component={Link} to="/sign-in" variant="default" size="sm">
        To sign in
      </Button>
    </Gate>
  );
}

function Accept({ token, invitation }: { token: string; invitation: Invitation }) {
  const router = useRouter();
  const methods = useQuery(methodsQuery);
  const [name, setName] = useState("");
  const [email, setEmail] = useState(invitation.email);
  const [password, setPassword] = useState("");
  const accepting = useMutation({
    mutationFn: () => accept({ token, name: name.trim(), email: email.trim(), password }),
    onSuccess: () => router.navigate({ to: "/" }),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    accepting.mutate();
  }

  return (
    <Gate
      title={invitation.setup ? "Set up Volant" : `Join ${invitation.project}`}
      about={
        invitation.setup
          ? "Make the first account. It may do everything, and invite others."
          : `You were invited as ${invitation.role}.`
      }
    >
      <FormError error={accepting.error} />
      {(methods.data?.oidc ?? []).map((one) => (
        <Button
          key={one.name}
          component="a"
          variant="default"
          size="sm"
          href={`/api/v1/session/oidc/${encodeURIComponent(one.name)}/start?next=/`}
        >
          Continue with {one.label}
        </Button>
      ))}
      {(methods.data?.oidc ?? []).length > 0 && <Or />}
      <form onSubmit={submit} style={{ display: "contents" }}>
        <TextInput
          label="Name"
          autoComplete="name"
          required
          withAsterisk={false}
          autoFocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          readOnly={!!invitation.email}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          description={`At least ${LEAST} characters; a few words are good.`}
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={LEAST}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="sm" loading={accepting.isPending}>
          {invitation.setup ? "Make the account" : "Join"}
        </Button>
      </form>
    </Gate>
  );
}
