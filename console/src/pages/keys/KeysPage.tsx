/** Keys & budgets: what each key may do and how far its ceilings are used; ceilings over everybody; who spends. */
import { SegmentedControl } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { usePage } from "~/api/page";
import {
  ActionButton,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Key,
  Loaded,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { NotForYou } from "../settings/NotForYou";
import { type Warning, warnings } from "./budgets";
import { Ceilings } from "./Ceilings";
import { columnsOf } from "./columns";
import { KeyDrawer } from "./KeyDrawer";
import { KeyShown, type Made } from "./KeyShown";
import { type ApiKey, addressOf, type Filters, filtered, type View } from "./keys";
import css from "./keys.module.css";
import { NewKey } from "./NewKey";
import { Spend } from "./Spend";
import { Warnings } from "./Warnings";

const TABS = ["keys", "ceilings", "spend"] as const;
type Tab = (typeof TABS)[number];

interface Url extends Filters {
  tab?: Tab;
  open?: string;
  budget?: string;
  days?: number;
  make?: true;
}

export function KeysPage() {
  const [url, setUrl] = useUrl<Url>();
  const days = url.days ?? 30;
  const view = usePage("/api/v1/views/keys", { query: { days } }, ["settings"], { every_ms: 5000 });
  const refused = useRefusal("keys");
  const [made, setMade] = useState<Made>();
  const tab = url.tab ?? "keys";
  const go = (next: Tab) => setUrl({ tab: next === "keys" ? undefined : next, open: undefined }, true);
  const make = () => !refused && setUrl({ make: true });
  useShortcuts([
    { keys: "n", label: "New key", run: make },
    { keys: "1", label: "Keys", run: () => go("keys") },
    { keys: "2", label: "Ceilings", run: () => go("ceilings") },
    { keys: "3", label: "Who spends", run: () => go("spend") },
  ]);
  const open = view.data?.keys?.find((one) => one.id === url.open);
  const warned = useMemo(() => (view.data ? warnings(view.data) : []), [view.data]);
  function show({ of, limit }: Warning) {
    if (of.over === "key") setUrl({ tab: undefined, open: of.name, budget: limit }, true);
    else setUrl({ tab: "ceilings", open: undefined, budget: `${addressOf(of)}/${limit}` }, true);
  }

  return (
    <Page
      fill={tab === "keys"}
      header={
        <PageHeader
          title="Keys & budgets"
          about={view.data && about(view.data)}
          actions={
            <>
              <SegmentedControl
                size="xs"
                aria-label="What to show"
                value={tab}
                onChange={(value) => go(value as Tab)}
                data={[
                  { value: "keys", label: "Keys" },
                  { value: "ceilings", label: "Ceilings" },
                  { value: "spend", label: "Who spends" },
                ]}
              />
              <ActionButton needs="keys" leftSection={<IconPlus size={14} />} onClick={make}>
                New key
              </ActionButton>
            </>
          }
        />
      }
    >
      <Warnings all={warned} inTable={tab === "keys"} onOpen={show} />
      {tab === "keys" &&
        (refused ? (
          <NotForYou reason={refused} />
        ) : (
          <List query={view} url={url} setUrl={setUrl} days={days} />
        ))}
      {tab === "ceilings" && (
        <Loaded query={view}>
          {(data) => (
            <Ceilings
              view={data}
              budget={url.budget}
              onBudget={(of, budget) => setUrl({ budget: `${of}/${budget}` })}
            />
          )}
        </Loaded>
      )}
      {tab === "spend" && (
        <>
          <div>
            <SegmentedControl
              size="xs"
              aria-label="How long"
              value={String(days)}
              onChange={(value) => setUrl({ days: value === "30" ? undefined : Number(value) })}
              data={["7", "30", "90"].map((value) => ({ value, label: `${value} days` }))}
            />
          </div>
          <Loaded query={view}>{(data) => <Spend view={data} />}</Loaded>
        </>
      )}
      {open && view.data && (
        <KeyDrawer
          key={open.id}
          apiKey={open}
          view={view.data}
          budget={url.budget}
          onBudget={(budget) => setUrl({ budget })}
          onMade={setMade}
          onClose={() => setUrl({ open: undefined, budget: undefined })}
        />
      )}
      {url.make && !refused && (
        <NewKey tasks={view.data?.tasks ?? []} onMade={setMade} onClose={() => setUrl({ make: undefined })} />
      )}
      {made && (
        <KeyShown
          made={made}
          url={view.data?.public_url ?? ""}
          tasks={view.data?.tasks ?? []}
          onClose={() => setMade(undefined)}
        />
      )}
    </Page>
  );
}

interface ListProps {
  query: ReturnType<typeof usePage<"/api/v1/views/keys">>;
  url: Url;
  setUrl: (some: Partial<Url>, push?: boolean) => void;
  days: number;
}

function List({ query, url, setUrl, days }: ListProps) {
  const keys = query.data?.keys ?? undefined;
  const now_ms = query.data?.now_ms ?? 0;
  const rows = useMemo(() => filtered(keys ?? [], url), [keys, url]);
  const columns = useMemo(() => columnsOf(now_ms, days), [now_ms, days]);
  const short = keys?.filter((one) => one.short_lived).length ?? 0;
  return (
    <>
      <FilterBar
        text={{
          value: url.q ?? "",
          onChange: (q) => setUrl({ q }),
          placeholder: "Filter by name, beginning, task",
        }}
        end={<span className="quiet">{keys && `${format.num(rows.length)} shown`}</span>}
      >
        <FilterChip
          name="State"
          choices={["usable", "expired", "revoked"].map((value) => ({ value }))}
          chosen={url.state ?? []}
          onChange={(state) => setUrl({ state })}
        />
        {short > 0 && (
          <button
            type="button"
            className={`link-button ${css.fold}`}
            aria-pressed={!!url.short}
            onClick={() => setUrl({ short: url.short ? undefined : true })}
          >
            {url.short ? "Hide" : "Show"} {format.num(short)} of the playground
          </button>
        )}
      </FilterBar>
      {query.error && !query.data ? (
        <Problem error={query.error} retry={() => query.refetch()} />
      ) : (
        <VirtualTable<ApiKey>
          label="Keys"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          rowHeight={56}
          current={url.open}
          onOpen={(row) => setUrl({ open: row.id, budget: undefined }, true)}
          onMove={(row) => url.open && setUrl({ open: row.id, budget: undefined })}
          loading={query.isPending}
          empty={
            keys?.length ? (
              <NoMatch what="key" onClear={() => setUrl({ q: "", state: [], short: undefined })}>
                <p>
                  Press <Key>/</Key> to change the text.
                </p>
              </NoMatch>
            ) : (
              <NoKeys />
            )
          }
        />
      )}
    </>
  );
}

function about(view: View): string {
  const today = `${format.usd(view.days.cost_usd.at(-1))} today`;
  if (!view.keys) return today;
  const usable = view.keys.filter((one) => one.usable && !one.short_lived).length;
  return `${format.num(usable)} usable, ${today}`;
}

function NoKeys() {
  return (
    <Empty title="No key yet" icon={IconKey}>
      <p>
        Programs call with a key. Press <Key>n</Key>, or run{" "}
        <code className="mono">volant key create app --scope inference</code>.
      </p>
    </Empty>
  );
}
