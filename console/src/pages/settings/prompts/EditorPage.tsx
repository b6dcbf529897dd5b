/** A new version, or a new prompt: messages, variables, a comment; checked by the server while it is written. */
import { TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { send } from "~/api/client";
import { useChange, usePage } from "~/api/page";
import { ActionButton, Loaded, Page, PageHeader, Panel } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { Callout, Refusal, said } from "../parts";
import css from "../settings.module.css";
import { type Body, messageRow, messagesOf, undeclared, variableRow, variablesOf } from "./draft";
import { MessageFields } from "./MessageFields";
import { Preview, type Rendered } from "./Preview";
import { VariableFields } from "./VariableFields";

const START: Body = {
  messages: [{ role: "system", template: "" }, { role: "placeholder" }],
  variables: {},
};

interface Saved {
  name: string;
  new: boolean;
  version: { version: number };
}

/** Without a name: a new prompt. `from`: the version to begin with; else the newest. */
export function EditorPage({ name, from }: { name?: string; from?: number }) {
  const path = { name: name ?? "", version: from ? String(from) : "latest" };
  const base = usePage("/api/v1/prompts/{name}/versions/{version}", { path }, [], { enabled: !!name });
  if (!name) return <Editor start={START} />;
  return (
    <Loaded query={base} rows={12}>
      {(data) => <Editor name={name} start={data} number={data.version.version} />}
    </Loaded>
  );
}

function Editor({ name: known, start, number }: { name?: string; start: Body; number?: number }) {
  const navigate = useNavigate();
  const [name, setName] = useState(known ?? "");
  const [comment, setComment] = useState("");
  const [label, setLabel] = useState(known ? "" : "production");
  const [messages, setMessages] = useState(() => start.messages.map(messageRow));
  const [variables, setVariables] = useState(() =>
    Object.entries(start.variables).map(([one, spec]) => variableRow(one, spec)),
  );
  const body = { messages: messagesOf(messages), variables: variablesOf(variables) };
  const missing = undeclared(messages, Object.keys(body.variables));
  const save = useChange(async () => {
    const labels = label.trim() ? [label.trim()] : [];
    const data = await send<Saved>("POST", "/api/v1/prompts", {
      name: name.trim(),
      ...body,
      comment,
      labels,
    });
    said(
      data.new
        ? `Version ${data.version.version} of ${data.name} is saved.`
        : `Nothing new: this is version ${data.version.version}.`,
    );
    await navigate({
      to: "/settings/prompts/$name",
      params: { name: data.name },
      search: { version: data.version.version },
    });
  }, ["prompts", "settings", "audit"]);
  const submit = () => name.trim() && !save.isPending && save.mutate();
  useShortcuts([{ keys: "mod+s", label: "Save the version", run: submit }]);

  return (
    <Page
      header={
        <PageHeader
          title={known ? `New version of ${known}` : "New prompt"}
          about={number ? `begun with version ${number}` : "Messages with variables, kept by name"}
          actions={
            <>
              <ActionButton
                onClick={() =>
                  known
                    ? void navigate({ to: "/settings/prompts/$name", params: { name: known } })
                    : void navigate({ to: "/settings/prompts" })
                }
              >
                Cancel
              </ActionButton>
              <ActionButton
                needs="configure"
                variant="filled"
                refused={name.trim() ? "" : "Give it a name first."}
                loading={save.isPending}
                onClick={submit}
              >
                Save the version
              </ActionButton>
            </>
          }
        />
      }
    >
      <Refusal error={save.error} />
      <div className={css.editor}>
        <div className={css.form}>
          <Panel title="What it is">
            <div className={css.form}>
              {!known && (
                <TextInput
                  label="Name"
                  description="Small letters, digits, dots, hyphens; variants name it."
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                />
              )}
              <div className={css.pair}>
                <TextInput
                  label="Why it changed"
                  value={comment}
                  onChange={(event) => setComment(event.currentTarget.value)}
                />
                <TextInput
                  label="Point this label at it"
                  placeholder="None yet"
                  value={label}
                  onChange={(event) => setLabel(event.currentTarget.value)}
                />
              </div>
            </div>
          </Panel>
          <Panel
            title="Messages"
            actions={
              <ActionButton
                leftSection={<IconPlus size={14} />}
                onClick={() => setMessages([...messages, messageRow()])}
              >
                Message
              </ActionButton>
            }
          >
            <MessageFields rows={messages} onChange={setMessages} />
          </Panel>
          <Panel
            title="Variables"
            actions={
              <ActionButton
                leftSection={<IconPlus size={14} />}
                onClick={() => setVariables([...variables, variableRow()])}
              >
                Variable
              </ActionButton>
            }
          >
            <div className={css.form}>
              {missing.length > 0 && (
                <Callout tone="warn">
                  Used and not declared: {missing.join(", ")}.{" "}
                  <button
                    type="button"
                    className="link-button"
                    onClick={() => setVariables([...variables, ...missing.map((one) => variableRow(one))])}
                  >
                    Declare them
                  </button>
                </Callout>
              )}
              <VariableFields rows={variables} onChange={setVariables} />
            </div>
          </Panel>
        </div>
        <Preview
          variables={body.variables}
          subject={JSON.stringify(body)}
          render={async (values) => {
            const own = [{ role: "user", content: "(what the caller asks)" }];
            const draft = { ...body, values: { variables: values, messages: own } };
            return send<Rendered>("POST", "/api/v1/prompts/check", draft);
          }}
        />
      </div>
    </Page>
  );
}
