/** One model version: its evidence, its lineage up and down, its card, its files, and where it serves. */
import { Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import { format, Graph, Id, Loaded, Page, PageHeader, Panel, StatusBadge, useUrl } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { placeOfLink } from "~/shell/places";
import { To } from "~/shell/To";
import { Deployments, Facts, Releases } from "./Aside";
import { Card } from "./Card";
import { Evidence } from "./Evidence";
import css from "./model.module.css";
import { drawn, linkOf, type ModelView } from "./view";

const TABS = ["evidence", "lineage", "card", "files"] as const;
type Tab = (typeof TABS)[number];

export function ModelPage() {
  const { modelId } = useParams({ from: "/_app/models_/$modelId" });
  const [url, setUrl] = useUrl<{ tab?: Tab; node?: string }>();
  const tab = url.tab ?? "evidence";
  const choose = (one: Tab) => setUrl({ tab: one === "evidence" ? undefined : one });
  const view = usePage("/api/v1/views/models/{model}", { path: { model: modelId } }, [
    "models",
    "reports",
    "releases",
  ]);
  useShortcuts(
    TABS.map((one, number) => ({ keys: String(number + 1), label: `Tab ${one}`, run: () => choose(one) })),
  );
  return (
    <Page header={<Head view={view.data} />} fill>
      <div role="tablist" aria-label="Parts of the model" className={css.tabs}>
        {TABS.map((one) => (
          <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => choose(one)}>
            {format.title(one)}
          </button>
        ))}
      </div>
      <Page header={null}>
        <Loaded query={view} rows={16}>
          {(model) => (
            <>
              {model.flags.map((flag) => (
                <div key={flag.sentence} className={css.flag} role="note">
                  {flag.sentence} {flag.link && <To link={flag.link}>Open it</To>}
                </div>
              ))}
              {tab === "evidence" && (
                <div className={css.grid}>
                  <div className={css.column}>
                    <Evidence model={model} />
                  </div>
                  <div className={css.column}>
                    <Facts model={model} />
                    <Deployments model={model} />
                    <Releases model={model} />
                  </div>
                </div>
              )}
              {tab === "lineage" && (
                <Lineage model={model} chosen={url.node} onChoose={(node) => setUrl({ node })} />
              )}
              {tab === "card" && <Card markdown={model.card} />}
              {tab === "files" && <Files model={model} />}
            </>
          )}
        </Loaded>
      </Page>
    </Page>
  );
}

function Head({ view }: { view?: ModelView }) {
  const task = view?.deployments.find((one) => one.live)?.task;
  return (
    <PageHeader
      title={view?.label ?? "Model"}
      about={task ? `answers ${task}` : view && "answers no task now"}
      actions={
        view && (
          <>
            <StatusBadge state={view.model.state} />
            <Menu position="bottom-end">
              <Menu.Target>
                <button type="button" className="link-button">
                  {view.versions.length === 1 ? "1 version" : `${view.versions.length} versions`}{" "}
                  <IconChevronDown size={12} aria-hidden />
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                {view.versions.map((one) => (
                  <Menu.Item
                    key={one.id}
                    component={Link}
                    // biome-ignore lint/suspicious/noExplicitAny: Menu.Item passes them on to Link
                    {...({ to: "/models/$modelId", params: { modelId: one.id } } as any)}
                  >
                    {one.title}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            <Link to="/models" className="text-link">
              All models
            </Link>
          </>
        )
      }
    />
  );
}

function Lineage({
  model,
  chosen,
  onChoose,
}: {
  model: ModelView;
  chosen?: string;
  onChoose: (node: string) => void;
}) {
  const navigate = useNavigate();
  const graph = useMemo(() => drawn(model.lineage), [model.lineage]);
  const node = graph.nodes.find((one) => one.id === chosen);
  const place = node && placeOfLink(linkOf(node.id));
  return (
    <Panel
      title="What it was made from, and what was made from it"
      actions={
        node &&
        place && (
          <button
            type="button"
            className="link-button"
            // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
            onClick={() => void navigate({ to: place.to, search: place.search as any })}
          >
            Open {node.title}
          </button>
        )
      }
    >
      <Graph
        label={`Lineage of ${model.label}`}
        nodes={graph.nodes}
        edges={graph.edges}
        chosen={chosen ?? `model:${model.model.id}`}
        onChoose={onChoose}
      />
      <p className={css.text} style={{ margin: "12px 0 0" }}>
        One step up and down; a press on something shows where it opens.
        {model.lineage.left_out > 0 && ` ${model.lineage.left_out} more are not drawn.`}
      </p>
    </Panel>
  );
}

function Files({ model }: { model: ModelView }) {
  return (
    <Panel title="Files below the data folder">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className={css.number}>
              Size
            </th>
            <th scope="col">SHA-256 as registered</th>
          </tr>
        </thead>
        <tbody>
          {model.files.map((file) => (
            <tr key={file.path}>
              <td>{file.path}</td>
              <td className={css.number}>{format.bytes(file.size_bytes)}</td>
              <td>{file.sha256 ? <Id id={file.sha256} label={`${file.sha256.slice(0, 16)}…`} /> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {model.files.length === 0 && <p className={css.text}>None stands on the disk.</p>}
    </Panel>
  );
}
