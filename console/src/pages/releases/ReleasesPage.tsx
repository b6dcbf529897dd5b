/** Releases: what serves each task now, and every decision that led there. */
import { IconRocket } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import {
  CodeBlock,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Loading,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { look } from "~/kit/states";
import { columns, type ReleaseRow } from "./columns";
import css from "./releases.module.css";
import { SplitBar } from "./SplitBar";

export function ReleasesPage() {
  const [url, setUrl] = useUrl<{ task?: string; state?: string[] }>();
  const navigate = useNavigate();
  const releases = usePage("/api/v1/views/releases", {}, ["releases", "reviews"]);
  const tasks = releases.data?.tasks;
  const all = useMemo(
    () => (tasks ?? []).flatMap((task) => task.releases).sort((a, b) => b.created_ms - a.created_ms),
    [tasks],
  );
  const rows = useMemo(
    () =>
      all.filter(
        (row) =>
          (!url.task || row.task === url.task) && (!url.state?.length || url.state.includes(row.state)),
      ),
    [all, url],
  );
  const shown = (tasks ?? []).filter((task) => !url.task || task.task === url.task);
  return (
    <Page
      fill
      header={<PageHeader title="Releases" about="What serves each task, and how it came to serve" />}
    >
      <FilterBar
        end={<span className="quiet">{tasks && `${format.num(rows.length)} of ${all.length}`}</span>}
      >
        <FilterChip
          name="Task"
          single
          choices={(tasks ?? []).map(({ task }) => ({ value: task }))}
          chosen={url.task ? [url.task] : []}
          onChange={([task]) => setUrl({ task })}
        />
        <FilterChip
          name="State"
          choices={[...new Set(all.map((row) => row.state))].map((value) => ({
            value,
            label: look(value).label,
          }))}
          chosen={url.state ?? []}
          onChange={(state) => setUrl({ state })}
        />
      </FilterBar>
      {releases.error && !releases.data ? (
        <Problem error={releases.error} retry={() => releases.refetch()} />
      ) : releases.isPending ? (
        <Loading rows={12} />
      ) : (
        <>
          <section className={css.cards} aria-label="Traffic now">
            {shown.slice(0, 12).map((task) => (
              <div key={task.task} className={css.card}>
                <h2>{task.task}</h2>
                <SplitBar
                  live={task.live_variant}
                  candidate={task.candidate}
                  share={task.share}
                  mode={task.candidate ? (task.share > 0 ? "canary" : "shadow") : ""}
                />
              </div>
            ))}
          </section>
          <VirtualTable<ReleaseRow>
            label="Releases"
            rows={rows}
            columns={columns}
            rowKey={(row) => row.id}
            rowHeight={52}
            onOpen={(row) => navigate({ to: "/releases/$releaseId", params: { releaseId: row.id } })}
            empty={
              all.length ? (
                <NoMatch what="release" onClear={() => setUrl({ task: "", state: [] })} />
              ) : (
                <NoReleases />
              )
            }
          />
        </>
      )}
    </Page>
  );
}

function NoReleases() {
  return (
    <Empty title="No release yet" icon={IconRocket}>
      <p>A release moves a task's traffic to a model that passed its gate. Begin one:</p>
      <div style={{ marginTop: 12, textAlign: "left" }}>
        <CodeBlock value="volant rollout start TASK --model mdl_…" label="Command" />
      </div>
    </Empty>
  );
}
