/** One version: its messages and variables, and what a model would be sent. */
import { send } from "~/api/client";
import { usePage } from "~/api/page";
import { KeyValue, Loaded, Panel } from "~/kit";
import css from "../settings.module.css";
import { describe } from "./draft";
import { Preview, type Rendered } from "./Preview";

export function VersionPanels({ name, version }: { name: string; version: number }) {
  const path = { name, version: String(version) };
  const found = usePage("/api/v1/prompts/{name}/versions/{version}", { path });
  return (
    <Loaded query={found} rows={10}>
      {(data) => (
        <div className={css.editor}>
          <Panel title="Messages and variables">
            <div className={css.form} style={{ gap: 12 }}>
              {data.messages.map((message, number) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a version never changes
                <div key={number} className={css.said}>
                  <strong>{message.role}</strong>
                  {message.role === "placeholder" ? (
                    <span className="quiet">the caller’s own messages</span>
                  ) : (
                    <pre>{message.template}</pre>
                  )}
                </div>
              ))}
              {Object.keys(data.variables).length > 0 ? (
                <KeyValue
                  rows={Object.entries(data.variables).map(([variable, spec]) => [
                    <code key="name" className="mono">{`{{ ${variable} }}`}</code>,
                    <span key="spec">
                      {describe(spec)}
                      {spec.description && <span className="quiet"> · {spec.description}</span>}
                    </span>,
                  ])}
                />
              ) : (
                <span className="quiet">It takes no variables.</span>
              )}
            </div>
          </Panel>
          <Preview
            variables={data.variables}
            subject={`${name}@${version}`}
            render={async (variables) => {
              const body = { variables, messages: [{ role: "user", content: "(what the caller asks)" }] };
              return send<Rendered>(
                "POST",
                `/api/v1/prompts/${encodeURIComponent(name)}/versions/${version}/render`,
                body,
              );
            }}
          />
        </div>
      )}
    </Loaded>
  );
}
