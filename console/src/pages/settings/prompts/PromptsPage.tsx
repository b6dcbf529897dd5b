/** Prompts: each with its labels and where it is used. */
import { IconMessage2Code, IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import {
  ActionButton,
  Ago,
  CodeBlock,
  type Column,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Num,
  Page,
  PageHeader,
  Problem,
  Tag,
  useUrl,
  VirtualTable,
} from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { NotForYou } from "../NotForYou";
import { type Settings, useSettings } from "../parts";
import css from "../settings.module.css";

type Prompt = Settings["prompts"][number];

const columns: Column<Prompt>[] = [
  {
    id: "name",
    head: "Prompt",
    width: "minmax(220px, 3fr)",
    cell: (row) => (
      <>
        <div className={css.name}>{row.name}</div>
        <div className={css.sub}>{row.description || row.preview}</div>
      </>
    ),
  },
  {
    id: "labels",
    head: "Labels",
    width: "minmax(150px, 2fr)",
    cell: (row) => (
      <span className={css.tags} style={{ flexWrap: "nowrap" }}>
        {row.archived && <Tag>archived</Tag>}
        {row.labels.map(({ label, version }) => (
          <Tag key={label} tone={label === "production" ? "ok" : "info"}>
            {label} → {version}
          </Tag>
        ))}
        {!row.labels.length && !row.archived && <span className="quiet">none</span>}
      </span>
    ),
  },
  {
    id: "uses",
    head: "Used by",
    width: "minmax(130px, 1fr)",
    from: 720,
    cell: (row) =>
      row.uses.map(({ task, variant }) => `${task}/${variant}`).join(", ") || (
        <span className="quiet">no variant</span>
      ),
  },
  {
    id: "versions",
    head: "Versions",
    width: "72px",
    right: true,
    cell: (row) => <Num value={row.versions} />,
  },
  { id: "saved", head: "Saved", width: "88px", right: true, cell: (row) => <Ago at_ms={row.saved_ms} /> },
];

export function PromptsPage() {
  const [url, setUrl] = useUrl<{ q?: string; archived?: true; open?: string }>();
  const settings = useSettings();
  const navigate = useNavigate();
  const refused = useRefusal("configure");
  const create = () => !refused && void navigate({ to: "/settings/new-prompt" });
  useShortcuts([{ keys: "n", label: "New prompt", run: create }]);
  const every = settings.data?.prompts;
  const rows = useMemo(() => {
    const q = (url.q ?? "").toLowerCase();
    return (every ?? []).filter(
      (one) =>
        (url.archived || !one.archived) &&
        (!q || `${one.name} ${one.description} ${one.preview}`.toLowerCase().includes(q)),
    );
  }, [every, url.q, url.archived]);

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Prompts"
          about="Versions never change; labels move between them"
          actions={
            <ActionButton needs="configure" leftSection={<IconPlus size={14} />} onClick={create}>
              New prompt
            </ActionButton>
          }
        />
      }
    >
      <FilterBar
        text={{ value: url.q ?? "", onChange: (q) => setUrl({ q }), placeholder: "Filter by name, text" }}
        end={
          <span className="quiet">
            {every && `${format.num(rows.length)} of ${format.num(every.length)}`}
          </span>
        }
      >
        <FilterChip
          name="Show"
          single
          choices={[{ value: "archived", label: "archived ones, too" }]}
          chosen={url.archived ? ["archived"] : []}
          onChange={(chosen) => setUrl({ archived: chosen.length ? true : undefined })}
        />
      </FilterBar>
      {settings.error && !settings.data ? (
        <Problem error={settings.error} retry={() => settings.refetch()} />
      ) : (
        <VirtualTable<Prompt>
          label="Prompts"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.name}
          onOpen={(row) => void navigate({ to: "/settings/prompts/$name", params: { name: row.name } })}
          rowHeight={52}
          loading={settings.isPending}
          empty={
            every?.length ? (
              <NotForYou title="No prompt matches" reason="Change the filters above." />
            ) : (
              <Empty title="No prompt yet" icon={IconMessage2Code}>
                <p>
                  A prompt is kept by name, with versions and labels; a variant names it, and callers send its
                  variables. Press n to write one here, or keep it in a file:
                </p>
                <div style={{ marginTop: 12, textAlign: "left" }}>
                  <CodeBlock value="volant prompt save triage.toml --label production" label="Command" />
                </div>
              </Empty>
            )
          }
        />
      )}
    </Page>
  );
}
