/** One row of the log: what the action means, what it was done to, and its link in the chain. */
import { Drawer, format, Id, KeyValue, useUrl } from "~/kit";
import { To } from "~/shell/To";
import css from "../settings.module.css";
import { actorOf, type Entry } from "./columns";

export function AuditDrawer({
  entry,
  names,
  meaning,
  onClose,
}: {
  entry: Entry;
  names: Record<string, string>;
  meaning: string;
  onClose: () => void;
}) {
  const [, setUrl] = useUrl<{ actor?: string; object_id?: string; open?: number }>();
  const detail = Object.entries(entry.detail);
  return (
    <Drawer title={entry.action} label={`Row ${entry.id}`} width={520} onClose={onClose}>
      <div className={css.stack}>
        {meaning && <p className={css.lead}>{meaning.charAt(0).toUpperCase() + meaning.slice(1)}.</p>}
        <KeyValue
          rows={[
            ["When", format.exact(entry.created_ms, true)],
            ["Who", actorOf(entry.actor, names)],
            ["Their id", <Id key="actor" id={entry.actor} full />],
            [
              "To",
              <span key="object">
                <To link={{ kind: entry.object_kind, id: entry.object_id }}>
                  {entry.object_kind} {format.shortId(entry.object_id)}
                </To>
              </span>,
            ],
            ["Project", entry.project || "the installation"],
          ]}
        />
        {detail.length > 0 && (
          <section>
            <h3>Detail</h3>
            <KeyValue
              rows={detail.map(([name, value]) => [
                name.replaceAll("_", " "),
                typeof value === "object" ? JSON.stringify(value) : String(value),
              ])}
            />
          </section>
        )}
        <section>
          <h3>Chain</h3>
          <KeyValue
            rows={[
              ["Row", String(entry.id)],
              ["Hash", <Id key="hash" id={entry.hash} label={`${entry.hash.slice(0, 16)}…`} />],
              [
                "Of the row before",
                <Id key="before" id={entry.prev_hash} label={`${entry.prev_hash.slice(0, 16)}…`} />,
              ],
            ]}
          />
        </section>
        <div className={css.buttons}>
          <button
            type="button"
            className="link-button"
            onClick={() => setUrl({ actor: entry.actor, open: undefined }, true)}
          >
            All that they did
          </button>
          <button
            type="button"
            className="link-button"
            onClick={() => setUrl({ object_id: entry.object_id, open: undefined }, true)}
          >
            All that was done to it
          </button>
        </div>
      </div>
    </Drawer>
  );
}
