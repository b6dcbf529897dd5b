/** One dataset version: what cleaning did, what it holds, its records, and its difference from another version. */
import { Tabs } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { usePage } from "~/api/page";
import { Id, Loaded, Page, PageHeader, StatusBadge, useUrl } from "~/kit";
import { DifferenceTab } from "./DifferenceTab";
import css from "./datasets.module.css";
import { OverviewTab } from "./OverviewTab";
import { RecordsTab } from "./RecordsTab";

export type Tab = "overview" | "records" | "difference";

export interface VersionUrl {
  tab?: Tab;
  step?: string; // of the funnel: its examples are shown
  split?: string; // of the records
  record?: string; // the open one
  against?: string; // the version to compare with
}

const TABS: [Tab, string][] = [
  ["overview", "Overview"],
  ["records", "Records"],
  ["difference", "Difference"],
];

export function VersionPage() {
  const { version } = useParams({ from: "/_app/datasets_/$version" });
  const [url, setUrl] = useUrl<VersionUrl>();
  const found = usePage("/api/v1/views/datasets/{version_id}", { path: { version_id: version } }, [
    "datasets",
  ]);
  const node = found.data?.node;
  const tab = url.tab ?? "overview";
  return (
    <Page
      fill
      header={
        <PageHeader
          title={node?.title ?? "Dataset version"}
          about={
            <>
              <Link to="/datasets" className="text-link">
                Datasets
              </Link>
              {" / "}
              <Id id={version} />
            </>
          }
          actions={node && <StatusBadge state={node.state} />}
        />
      }
    >
      <Tabs
        value={tab}
        onChange={(to) => setUrl({ tab: to === "overview" ? undefined : (to as Tab) }, true)}
        className={css.tabs}
      >
        <Tabs.List>
          {TABS.map(([value, name]) => (
            <Tabs.Tab key={value} value={value}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {tab === "records" ? (
        <RecordsTab key={version} version={version} splits={node?.splits ?? {}} />
      ) : (
        <section className={css.scroll} tabIndex={0} aria-label={tab}>
          <div className={css.inner}>
            <Loaded query={found} rows={16}>
              {(one) => (tab === "difference" ? <DifferenceTab one={one} /> : <OverviewTab one={one} />)}
            </Loaded>
          </div>
        </section>
      )}
    </Page>
  );
}
