/** The audit log: who did what, newest first; whether the chain is whole; a copy as JSON lines. */
import { TextInput } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { context } from "~/api/client";
import { useRows } from "~/api/rows";
import { ActionButton, FilterBar, FilterChip, Page, PageHeader, Problem, useUrl, VirtualTable } from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { NotForYou } from "../NotForYou";
import { AuditDrawer } from "./AuditDrawer";
import { columnsOf, type Entry } from "./columns";
import { Verify } from "./Verify";

const RANGES = { "1h": 3_600_000, "24h": 86_400_000, "7d": 7 * 86_400_000, "30d": 30 * 86_400_000 };

interface Url {
  actor?: string;
  action?: string;
  object_id?: string;
  user?: string;
  range?: keyof typeof RANGES;
  open?: number;
}

export function AuditPage() {
  const [url, setUrl] = useUrl<Url>();
  const refused = useRefusal("audit");
  const client = useQueryClient();
  const since = useMemo(() => (url.range ? Date.now() - RANGES[url.range] : 0), [url.range]);
  const { actor, action, object_id, user } = url;
  const query = useMemo(
    () => ({ actor, action, object_id, user, since_ms: since || undefined, limit: 100 }),
    [actor, action, object_id, user, since],
  );
  const found = useRows("/api/v1/views/audit", { query }, { enabled: !refused });
  const names = useMemo(
    () => Object.assign({}, ...(found.data?.pages ?? []).map((page) => page.names)) as Record<string, string>,
    [found.data],
  );
  const columns = useMemo(() => columnsOf(names), [names]);
  const open = found.rows.find((row) => row.id === url.open);
  const filtered = !!(actor || action || object_id || user || url.range);
  const again = () =>
    client.resetQueries({ predicate: ({ queryKey }) => queryKey.includes("/api/v1/views/audit") });
  useShortcuts([{ keys: "r", label: "Look again", run: again }]);
  const actions = found.first?.actions ?? {};

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Audit log"
          about="Every change, and every read of personal content"
          actions={
            <>
              <Verify />
              <ActionButton
                needs="audit"
                leftSection={<IconDownload size={14} />}
                onClick={() => download(action, since)}
              >
                Export
              </ActionButton>
            </>
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
              value: object_id ?? "",
              onChange: (value) => setUrl({ object_id: value.trim() }),
              placeholder: "What it was done to: an id",
            }}
            end={
              <button type="button" className="link-button" onClick={again}>
                Look again
              </button>
            }
          >
            <FilterChip
              name="Action"
              single
              choices={groups(actions)}
              chosen={action ? [action] : []}
              onChange={([chosen]) => setUrl({ action: chosen })}
            />
            <FilterChip
              name="Actor"
              single
              choices={actors(found.rows, names, actor)}
              chosen={actor ? [actor] : []}
              onChange={([chosen]) => setUrl({ actor: chosen })}
            />
            <FilterChip
              name="Time"
              single
              choices={[
                { value: "1h", label: "the last hour" },
                { value: "24h", label: "the last day" },
                { value: "7d", label: "the last week" },
                { value: "30d", label: "the last 30 days" },
              ]}
              chosen={url.range ? [url.range] : []}
              onChange={([chosen]) => setUrl({ range: chosen as Url["range"] })}
            />
            <TextInput
              size="xs"
              w={190}
              aria-label="Whose content was read"
              placeholder="Whose content was read"
              defaultValue={user}
              key={user}
              onBlur={(event) => setUrl({ user: event.currentTarget.value.trim() })}
              onKeyDown={(event) =>
                event.key === "Enter" && setUrl({ user: event.currentTarget.value.trim() })
              }
            />
          </FilterBar>
          {found.error && !found.data ? (
            <Problem error={found.error} retry={() => found.refetch()} />
          ) : (
            <VirtualTable<Entry>
              label="Audit log"
              rows={found.rows}
              columns={columns}
              rowKey={(row) => String(row.id)}
              current={url.open ? String(url.open) : undefined}
              onOpen={(row) => setUrl({ open: row.id }, true)}
              onMove={(row) => url.open && setUrl({ open: row.id })}
              loading={found.isPending}
              more={{
                has: found.hasNextPage,
                fetching: found.isFetchingNextPage,
                fetch: () => void found.fetchNextPage(),
              }}
              empty={
                <NotForYou
                  title={filtered ? "No row matches" : "Nothing was done yet"}
                  reason={
                    filtered
                      ? "Change the filters above."
                      : "Each change leaves a row here. The command line has it, too:"
                  }
                  command={filtered ? "" : "volant audit list"}
                />
              }
            />
          )}
        </>
      )}
      {open && (
        <AuditDrawer
          entry={open}
          names={names}
          meaning={actions[open.action] ?? ""}
          onClose={() => setUrl({ open: undefined })}
        />
      )}
    </Page>
  );
}

/** Nouns ("key.") before their actions ("key.create"). */
export function groups(actions: Record<string, string>): { value: string; label: string }[] {
  const nouns = [...new Set(Object.keys(actions).map((one) => one.split(".")[0] ?? ""))].sort();
  return nouns.map((noun) => ({ value: `${noun}.`, label: noun }));
}

function actors(rows: Entry[], names: Record<string, string>, chosen: string | undefined) {
  const ids = [...new Set([...rows.map((row) => row.actor), chosen ?? ""])].filter(Boolean).sort();
  return ids.slice(0, 40).map((value) => ({ value, label: names[value] ?? value }));
}

/** A GET of one's own session: the browser saves what comes. */
function download(action: string | undefined, since: number) {
  const query = new URLSearchParams({ project: context.project });
  if (action) query.set("action", action);
  if (since) query.set("since_ms", String(since));
  const link = document.createElement("a");
  link.href = `/api/v1/audit/export?${query}`;
  link.download = `audit-${context.project}.jsonl`;
  link.click();
}
