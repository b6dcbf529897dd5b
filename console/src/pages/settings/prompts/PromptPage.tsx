/** One prompt: a version as it reads and renders, two versions side by side, where the labels have pointed. */
import { SegmentedControl, Select } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "~/api/client";
import { type Answer, useChange, usePage } from "~/api/page";
import { ActionButton, Loaded, Page, PageHeader, Panel, Tag, useUrl } from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { Confirm, nameOf, said } from "../parts";
import css from "../settings.module.css";
import { Difference } from "./Difference";
import { Labels } from "./Labels";
import { Moves } from "./Moves";
import { VersionPanels } from "./VersionPanels";

export type PromptView = Answer<"/api/v1/prompts/{name}">;
type Shown = "version" | "difference" | "moves";

export function PromptPage({ name }: { name: string }) {
  const prompt = usePage("/api/v1/prompts/{name}", { path: { name } }, ["prompts", "settings"]);
  const navigate = useNavigate();
  const refused = useRefusal("configure");
  const [asking, setAsking] = useState(false);
  const [url] = useUrl<{ version?: number }>();
  const archived = !!prompt.data?.prompt.archived_ms;
  const edit = () =>
    !refused &&
    !archived &&
    void navigate({ to: "/settings/prompts/$name/edit", params: { name }, search: { from: url.version } });
  useShortcuts([
    { keys: "e", label: "Write a new version", run: edit },
    { keys: "u", label: "Back to the prompts", run: () => void navigate({ to: "/settings/prompts" }) },
  ]);
  const away = useChange<void, void>(async () => {
    const params = { path: { name } };
    if (archived) await api.POST("/api/v1/prompts/{name}/restore", { params });
    else await api.POST("/api/v1/prompts/{name}/archive", { params });
    said(archived ? `${name} can be used again.` : `${name} is in the archive.`);
  }, ["prompts", "settings", "audit"]);

  return (
    <Page
      header={
        <PageHeader
          title={name}
          about={prompt.data?.prompt.description || "A prompt"}
          actions={
            <>
              <ActionButton
                needs="configure"
                refused={prompt.data?.prompt.uses.length && !archived ? "A variant is bound to it." : ""}
                onClick={() => setAsking(true)}
              >
                {archived ? "Restore" : "Archive"}
              </ActionButton>
              <ActionButton
                needs="configure"
                refused={archived ? "It is in the archive: restore it first." : ""}
                leftSection={<IconPencil size={14} />}
                onClick={edit}
              >
                New version
              </ActionButton>
            </>
          }
        />
      }
    >
      <Loaded query={prompt} rows={10}>
        {(data) => <Shown view={data} />}
      </Loaded>
      {asking && (
        <Confirm
          title={archived ? `Restore ${name}` : `Archive ${name}`}
          label={archived ? "Restore" : "Archive"}
          change={away}
          onClose={() => setAsking(false)}
        >
          {archived
            ? "Variants can be bound to it again; versions and labels are as they were."
            : "No variant can be bound to it until it is restored. Nothing is removed."}
        </Confirm>
      )}
    </Page>
  );
}

function Shown({ view }: { view: PromptView }) {
  const [url, setUrl] = useUrl<{ show?: Shown; version?: number; before?: number }>();
  const newest = view.versions[0]?.version ?? 1;
  const version = view.versions.find((one) => one.version === url.version)?.version ?? newest;
  const before = view.versions.find((one) => one.version === url.before)?.version ?? Math.max(1, version - 1);
  const show = url.show ?? "version";
  const choices = view.versions.slice(0, 200).map((one) => ({
    value: String(one.version),
    label: `Version ${one.version}${one.labels?.length ? `: ${one.labels.join(", ")}` : ""}`,
  }));
  const chosen = view.versions.find((one) => one.version === version);
  return (
    <>
      <Panel>
        <div className={css.promptBar}>
          <Select
            aria-label="Version"
            size="xs"
            w={220}
            searchable
            allowDeselect={false}
            data={choices}
            value={String(version)}
            onChange={(value) => value && setUrl({ version: Number(value) }, true)}
          />
          {show === "difference" && (
            <>
              <span className="quiet">against</span>
              <Select
                aria-label="The version before"
                size="xs"
                w={220}
                searchable
                allowDeselect={false}
                data={choices}
                value={String(before)}
                onChange={(value) => value && setUrl({ before: Number(value) }, true)}
              />
            </>
          )}
          <span className="quiet">
            {chosen && `by ${nameOf(chosen.author)}${chosen.comment ? `: ${chosen.comment}` : ""}`}
          </span>
          <SegmentedControl
            size="xs"
            aria-label="Show"
            style={{ marginLeft: "auto" }}
            value={show}
            onChange={(value) => setUrl({ show: value as Shown })}
            data={[
              { value: "version", label: "Version" },
              { value: "difference", label: "Difference" },
              { value: "moves", label: "Labels’ history" },
            ]}
          />
        </div>
        <Labels view={view} version={version} />
        <Uses view={view} />
      </Panel>
      {show === "version" && <VersionPanels key={version} name={view.prompt.name} version={version} />}
      {show === "difference" && <Difference name={view.prompt.name} before={before} after={version} />}
      {show === "moves" && <Moves view={view} />}
    </>
  );
}

function Uses({ view }: { view: PromptView }) {
  return (
    <p className="second" style={{ margin: "12px 0 0" }}>
      {view.prompt.uses.length === 0 ? "No variant is bound to it yet: write " : "Bound to it: "}
      {view.prompt.uses.length === 0 ? (
        <code className="mono">prompt = "{view.prompt.name}@production"</code>
      ) : (
        view.prompt.uses.map((use) => (
          <span key={`${use.task}/${use.variant}`}>
            <Link to="/settings/tasks" search={{ open: use.task }} className="text-link">
              {use.task}/{use.variant}
            </Link>{" "}
            <Tag>{use.reference}</Tag>{" "}
          </span>
        ))
      )}
    </p>
  );
}
