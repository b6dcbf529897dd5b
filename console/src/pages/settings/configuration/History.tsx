/** Every configuration that was applied: who, when, what it changed. */
import { Button } from "@mantine/core";
import { usePage } from "~/api/page";
import { useRows } from "~/api/rows";
import { Ago, Drawer, format, Id, Loading, Panel, Problem, QueryPanel, useUrl } from "~/kit";
import { nameOf } from "../parts";
import css from "../settings.module.css";
import { Changes } from "./Changes";

export function History() {
  const [url, setUrl] = useUrl<{ open?: number }>();
  const newest = usePage("/api/v1/views/settings", {}, ["settings"]).data?.revision ?? 0;
  const found = useRows("/api/v1/views/settings/revisions", { query: { limit: 20 } }, { epoch: newest });
  if (found.error && !found.data) return <Problem error={found.error} retry={() => found.refetch()} />;
  if (found.isPending) return <Loading rows={8} />;
  return (
    <Panel title="Revisions" flush>
      <div className={css.scrollX} style={{ marginTop: 8 }}>
        <table className={css.plain}>
          <thead>
            <tr>
              <th style={{ width: 88 }}>Revision</th>
              <th>What changed</th>
              <th>By</th>
              <th className={css.right}>When</th>
            </tr>
          </thead>
          <tbody>
            {found.rows.map((row) => (
              <tr key={row.revision}>
                <td className="num">
                  <button
                    type="button"
                    className="link-button"
                    onClick={() => setUrl({ open: row.revision }, true)}
                  >
                    {row.revision}
                  </button>
                </td>
                <td>
                  {row.changes.slice(0, 3).map((sentence) => (
                    <div key={sentence} style={{ overflowWrap: "anywhere" }}>
                      {words(sentence)}
                    </div>
                  ))}
                  {row.changed > 3 && <span className={css.sub}>and {format.num(row.changed - 3)} more</span>}
                  {row.changed === 0 && <span className="quiet">nothing that a document holds</span>}
                </td>
                <td>{nameOf(row.applied_by)}</td>
                <td className={css.right}>
                  <Ago at_ms={row.created_ms} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.rows.length === 0 && (
        <p className={css.lead} style={{ padding: 16 }}>
          Nothing was applied yet.
        </p>
      )}
      {found.hasNextPage && (
        <Button variant="subtle" fullWidth loading={found.isFetching} onClick={() => found.fetchNextPage()}>
          Older ones
        </Button>
      )}
      {url.open && <Revision revision={url.open} onClose={() => setUrl({ open: undefined })} />}
    </Panel>
  );
}

function Revision({ revision, onClose }: { revision: number; onClose: () => void }) {
  const query = { left: revision - 1, right: revision };
  const found = usePage("/api/v1/views/settings/revisions/difference", { query });
  return (
    <Drawer
      title={`Revision ${revision}`}
      label={`Revision ${revision}`}
      actions={<Id id={String(revision)} full />}
      onClose={onClose}
    >
      <QueryPanel
        title={revision === 1 ? "The first configuration" : `Against revision ${revision - 1}`}
        query={found}
        flush
        isEmpty={(data) => data.changes.length === 0}
        empty={<p style={{ padding: 16 }}>The two say the same.</p>}
      >
        {(data) => <Changes changes={data.changes} />}
      </QueryPanel>
    </Drawer>
  );
}

/** `+ tasks.t` → `added tasks.t`. */
function words(sentence: string): string {
  const [sign = "", rest = sentence] = [sentence.slice(0, 1), sentence.slice(2)];
  return (
    ({ "+": `added ${rest}`, "-": `removed ${rest}`, "~": rest } as Record<string, string>)[sign] ?? sentence
  );
}
