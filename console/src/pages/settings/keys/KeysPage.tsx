/** Keys: what programs call with. Clear text is shown once. */
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import {
  ActionButton,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Key,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { NotForYou } from "../NotForYou";
import { useSettings } from "../parts";
import { columns } from "./columns";
import { KeyDrawer } from "./KeyDrawer";
import { KeyShown, type Made } from "./KeyShown";
import { type ApiKey, stateOf } from "./keys";
import { NewKey } from "./NewKey";

interface Url {
  q?: string;
  state?: string[];
  open?: string;
  make?: true;
}

export function KeysPage() {
  const [url, setUrl] = useUrl<Url>();
  const settings = useSettings();
  const refused = useRefusal("keys");
  const [made, setMade] = useState<Made>();
  const make = () => !refused && setUrl({ make: true });
  useShortcuts([{ keys: "n", label: "New key", run: make }]);
  const keys = settings.data?.keys ?? undefined;
  const rows = useMemo(() => {
    const q = (url.q ?? "").toLowerCase();
    const states = url.state ?? [];
    return (keys ?? []).filter(
      (one) =>
        (!q || `${one.name} ${one.prefix} ${one.id}`.toLowerCase().includes(q)) &&
        (!states.length || states.includes(stateOf(one))),
    );
  }, [keys, url.q, url.state]);
  const open = keys?.find((one) => one.id === url.open);
  const usable = keys?.filter((one) => one.usable).length;

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Keys"
          about={keys && `${format.num(usable)} usable of ${format.num(keys.length)}`}
          actions={
            <ActionButton needs="keys" leftSection={<IconPlus size={14} />} onClick={make}>
              New key
            </ActionButton>
          }
        />
      }
    >
      {refused ? (
        <NotForYou reason={refused} />
      ) : (
        <>
          <FilterBar
            text={{
              value: url.q ?? "",
              onChange: (q) => setUrl({ q }),
              placeholder: "Filter by name, beginning, id",
            }}
            end={<span className="quiet">{keys && `${format.num(rows.length)} shown`}</span>}
          >
            <FilterChip
              name="State"
              choices={["usable", "expired", "revoked"].map((value) => ({ value }))}
              chosen={url.state ?? []}
              onChange={(state) => setUrl({ state })}
            />
          </FilterBar>
          {settings.error && !settings.data ? (
            <Problem error={settings.error} retry={() => settings.refetch()} />
          ) : (
            <VirtualTable<ApiKey>
              label="Keys"
              rows={rows}
              columns={columns}
              rowKey={(row) => row.id}
              current={url.open}
              onOpen={(row) => setUrl({ open: row.id }, true)}
              onMove={(row) => url.open && setUrl({ open: row.id })}
              loading={settings.isPending}
              empty={
                keys?.length ? (
                  <NoMatch what="key" onClear={() => setUrl({ q: "", state: [] })}>
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
      )}
      {open && (
        <KeyDrawer key={open.id} apiKey={open} onMade={setMade} onClose={() => setUrl({ open: undefined })} />
      )}
      {url.make && !refused && (
        <NewKey
          tasks={settings.data?.tasks.map((one) => one.spec.name) ?? []}
          onMade={setMade}
          onClose={() => setUrl({ make: undefined })}
        />
      )}
      {made && (
        <KeyShown
          made={made}
          task={settings.data?.tasks[0]?.spec.name ?? "TASK"}
          onClose={() => setMade(undefined)}
        />
      )}
    </Page>
  );
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
