/** One's own account: who one is, the password, the browsers that are signed in. */
import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, context, send } from "~/api/client";
import { useChange, usePage } from "~/api/page";
import { queryClient } from "~/api/query";
import { Ago, Id, KeyValue, Page, PageHeader, Panel, QueryPanel, Tag } from "~/kit";
import { type Session, sessionQuery, useSession } from "~/session/session";
import { Confirm, Refusal, said } from "./parts";
import css from "./settings.module.css";

export function AccountPage() {
  const { person, projects } = useSession();
  return (
    <Page header={<PageHeader title="Your account" about={person.email} />}>
      <Panel title="Who you are" className={css.narrow}>
        <KeyValue
          rows={[
            ["Name", person.name || "–"],
            ["E-mail", person.email],
            ["Id", <Id key="id" id={person.id} full />],
            [
              "May do",
              person.installation_admin
                ? "Everything: you are an admin of the installation."
                : projects.map((one) => `${one.role} in ${one.name}`).join(", ") ||
                  "Nothing yet: ask an admin to invite you.",
            ],
          ]}
        />
      </Panel>
      <Password />
      <Sessions />
    </Page>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    mutationFn: () => send<Session>("PUT", "/api/v1/session/password", { old, new: fresh }),
    onSuccess: (session) => {
      context.csrf = session.csrf;
      queryClient.setQueryData(sessionQuery.queryKey, session);
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => queryKey.includes("/api/v1/session/all"),
      });
      setOld("");
      setFresh("");
      said("The password is changed. Every other browser is signed out.");
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate();
  }
  return (
    <Panel title="Password" className={css.narrow}>
      <form className={css.form} onSubmit={submit}>
        <div className={css.pair}>
          <PasswordInput
            label="The password that is"
            autoComplete="current-password"
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
          <PasswordInput
            label="The new one"
            placeholder="At least 12 characters; a few words are good"
            autoComplete="new-password"
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
          />
        </div>
        <Refusal error={change.error} />
        <div
          className={css.formEnd}
          style={{ justifyContent: "space-between", alignItems: "center", margin: 0 }}
        >
          <span className="quiet">Every other browser is signed out by this.</span>
          <Button type="submit" variant="default" disabled={!old || !fresh} loading={change.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Sessions() {
  const sessions = usePage("/api/v1/session/all", {}, ["people"]);
  const [ending, setEnding] = useState("");
  const end = useChange<void, void>(async () => {
    await api.DELETE("/api/v1/session/{session_id}", { params: { path: { session_id: ending } } });
    await sessions.refetch();
  }, ["people"]);
  return (
    <QueryPanel title="Signed in" query={sessions} flush className={css.narrow}>
      {({ data }) => (
        <div className={css.scrollX} style={{ marginTop: 8 }}>
          <table className={css.plain}>
            <thead>
              <tr>
                <th>Browser</th>
                <th>Since</th>
                <th>Last seen</th>
                <th>Ends</th>
                <th>
                  <span className="hidden-text">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.slice(0, 50).map((one, number) => (
                <tr key={one.id}>
                  <td>
                    {browserOf(one.agent)} {number === newest(data) && <Tag tone="accent">used last</Tag>}
                  </td>
                  <td>
                    <Ago at_ms={one.created_ms} />
                  </td>
                  <td>
                    <Ago at_ms={one.seen_ms} />
                  </td>
                  <td>
                    <Ago at_ms={one.expires_ms} />
                  </td>
                  <td className={css.right}>
                    <button type="button" className="link-button" onClick={() => setEnding(one.id)}>
                      Sign out
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {ending && (
            <Confirm
              title="Sign out this browser"
              label="Sign out"
              change={end}
              onClose={() => setEnding("")}
            >
              Whoever uses it has to sign in again. If it is the one that you are in, so do you.
            </Confirm>
          )}
        </div>
      )}
    </QueryPanel>
  );
}

function newest(all: { seen_ms: number }[]): number {
  return all.reduce((best, one, at) => (one.seen_ms > (all[best]?.seen_ms ?? 0) ? at : best), 0);
}

/** `Mozilla/5.0 (X11; Linux …) … Chrome/140.0 …` → `Chrome on Linux`. */
export function browserOf(agent: string): string {
  const names = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
  const found = names.find((name) => agent.includes(`${name}/`));
  const system = ["Android", "iPhone", "Windows", "Mac OS X", "Linux"].find((name) => agent.includes(name));
  const name = found ? { Edg: "Edge", OPR: "Opera" }[found as "Edg" | "OPR"] || found : agent.slice(0, 40);
  return [name || "unknown", system && `on ${system === "Mac OS X" ? "macOS" : system}`]
    .filter(Boolean)
    .join(" ");
}
