/** Values for the variables, and what a model would be sent with them. Asks a moment after the typing stops. */
import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { context } from "~/api/client";
import { format, Loading, Panel } from "~/kit";
import { Callout, Refusal } from "../parts";
import css from "../settings.module.css";
import { describe, standIns, type VariableSpec, valuesOf } from "./draft";

export interface Rendered {
  messages: readonly unknown[];
  characters: number;
  warnings?: readonly string[];
}

interface Props {
  variables: Record<string, VariableSpec>;
  subject: string; // changes with what is rendered
  render: (values: Record<string, unknown>) => Promise<Rendered>;
}

export function Preview({ variables, subject, render }: Props) {
  const [typed, setTyped] = useState<Record<string, string>>({});
  const stood = standIns(variables);
  const missing = Object.keys(stood).filter((name) => !typed[name]);
  const [asked] = useDebouncedValue(
    JSON.stringify([subject, { ...stood, ...valuesOf(variables, typed) }]),
    350,
  );
  const rendered = useQuery({
    queryKey: [context.project, "prompt preview", asked],
    queryFn: () => render((JSON.parse(asked) as [string, Record<string, unknown>])[1]),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 30_000,
  });
  return (
    <Panel
      title="What the model is sent"
      actions={
        <span className="quiet">
          {rendered.data && !rendered.error && `${format.num(rendered.data.characters)} characters`}
        </span>
      }
    >
      <div className={css.form} style={{ gap: 12 }}>
        {Object.entries(variables).map(([name, spec]) => (
          <TextInput
            key={name}
            size="xs"
            label={name}
            placeholder={describe(spec)}
            value={typed[name] ?? ""}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setTyped((before) => ({ ...before, [name]: value }));
            }}
          />
        ))}
        {(rendered.data?.warnings ?? []).map((warning) => (
          <Callout key={warning} tone="warn">
            {warning}
          </Callout>
        ))}
        {missing.length > 0 && (
          <span className="quiet">Stand-ins are shown for {missing.join(", ")} until you give values.</span>
        )}
        {rendered.error ? (
          <Refusal error={rendered.error} />
        ) : rendered.data ? (
          (rendered.data.messages as { role?: string; content?: unknown }[]).map((message, number) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: drawn anew as a whole
            <div key={number} className={css.said}>
              <strong>{String(message.role ?? "")}</strong>
              <pre>
                {typeof message.content === "string" ? message.content : JSON.stringify(message.content)}
              </pre>
            </div>
          ))
        ) : (
          <Loading rows={3} />
        )}
      </div>
    </Panel>
  );
}
