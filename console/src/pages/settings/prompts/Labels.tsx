/** The labels of a prompt, and moving one to the version that is open. */
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { ActionButton, Tag } from "~/kit";
import { FormDialog, said } from "../parts";
import css from "../settings.module.css";
import type { PromptView } from "./PromptPage";

export function Labels({ view, version }: { view: PromptView; version: number }) {
  const [label, setLabel] = useState<string>();
  const { labels } = view.prompt;
  const others = labels.filter((one) => one.version !== version);
  return (
    <div className={css.promptBar} style={{ marginTop: 12 }}>
      {labels.map((one) => (
        <Tag key={one.label} tone={one.label === "production" ? "ok" : "info"}>
          {one.label} → {one.version}
        </Tag>
      ))}
      {labels.length === 0 && <span className="quiet">No label points here yet.</span>}
      <div className={css.buttons} style={{ marginLeft: "auto" }}>
        {others.slice(0, 4).map((one) => (
          <ActionButton key={one.label} needs="configure" onClick={() => setLabel(one.label)}>
            Point {one.label} at {version}
          </ActionButton>
        ))}
        <ActionButton needs="configure" onClick={() => setLabel(labels.length ? "" : "production")}>
          {labels.length ? "Another label" : `Point production at ${version}`}
        </ActionButton>
      </div>
      {label !== undefined && (
        <MoveLabel view={view} version={version} label={label} onClose={() => setLabel(undefined)} />
      )}
    </div>
  );
}

function MoveLabel({
  view,
  version,
  label,
  onClose,
}: {
  view: PromptView;
  version: number;
  label: string;
  onClose: () => void;
}) {
  const [name, setName] = useState(label);
  const [comment, setComment] = useState("");
  const from = view.prompt.labels.find((one) => one.label === name)?.version;
  const bound = view.prompt.uses.filter((use) => use.reference === `${view.prompt.name}@${name}`);
  const change = useChange(async () => {
    await api.PUT("/api/v1/prompts/{name}/labels/{label}", {
      params: { path: { name: view.prompt.name, label: name } },
      body: { version: String(version), comment },
    });
    said(`${name} points at version ${version} now.`);
  }, ["prompts", "settings", "audit"]);
  return (
    <FormDialog
      title={`Move a label of ${view.prompt.name}`}
      label={`Point it at version ${version}`}
      change={change}
      disabled={!name.trim()}
      submit={() => change.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput
        label="Label"
        placeholder="production, staging, …"
        value={name}
        onChange={(event) => setName(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Why"
        description="Stays in the label's history."
        data-autofocus
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <p className="second" style={{ margin: 0 }}>
        {from ? `It points at version ${from}.` : "It is new."}{" "}
        {bound.length > 0
          ? `Answers of ${bound.map((use) => `${use.task}/${use.variant}`).join(", ")} are given under version ${version} within a second.`
          : "No variant is bound to it, so no answer changes."}
      </p>
    </FormDialog>
  );
}
