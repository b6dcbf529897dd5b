import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { createFileRoute, redirect, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { queryClient } from "~/api/query";
import { search, text } from "~/kit/url";
import { methodsQuery, sessionQuery, signIn } from "~/session/session";
import { FormError, Gate, Or } from "~/shell/Gate";

const address = search({ next: text(2000), error: text(300) });

export const Route = createFileRoute("/sign-in")({
  validateSearch: address,
  beforeLoad: ({ search: { next } }) => {
    if (queryClient.getQueryData(sessionQuery.queryKey)) throw redirect({ to: inside(next) });
  },
  component: SignIn,
});

/** Only an address of this console: nobody is sent elsewhere after signing in. */
export function inside(next: string | undefined): string {
  return next?.startsWith("/") && !/^[/\\]{2}/.test(next) && !next.startsWith("/sign-in") ? next : "/";
}

function SignIn() {
  const { next, error: refused } = Route.useSearch();
  const router = useRouter();
  const methods = useQuery(methodsQuery);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signing = useMutation({
    mutationFn: () => signIn(email.trim(), password),
    onSuccess: () => router.history.push(inside(next)),
    onError: () => setPassword(""),
  });
  useEffect(() => {
    document.title = "Sign in · Volant";
  }, []);

  function submit(event: FormEvent) {
    event.preventDefault();
    signing.mutate();
  }

  const { password: withPassword = true, oidc = [], setup = false } = methods.data ?? {};
  return (
    <Gate
      title="Sign in to Volant"
      foot={setup ? undefined : "No account? An admin of your project can invite you."}
      about={
        setup ? "Nobody has an account here yet. Open the set-up link that the server printed." : undefined
      }
    >
      <FormError error={methods.error ?? signing.error ?? (refused ? new Error(refused) : undefined)} />
      {oidc.map(({ name, label }) => (
        <Button
          key={name}
          component="a"
          variant="default"
          size="sm"
          href={`/api/v1/session/oidc/${encodeURIComponent(name)}/start?next=${encodeURIComponent(inside(next))}`}
        >
          Continue with {label}
        </Button>
      ))}
      {withPassword && oidc.length > 0 && <Or />}
      {withPassword && (
        <form onSubmit={submit} style={{ display: "contents" }}>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" size="sm" loading={signing.isPending}>
            Sign in
          </Button>
        </form>
      )}
    </Gate>
  );
}
