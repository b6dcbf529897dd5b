/** What this version has and another has not, and the reverse: counts, splits, sources, labels. */
import { Select } from "@mantine/core";
import { usePage } from "~/api/page";
import { Columns, Empty, format, KeyValue, Loaded, Panel, Tag, useUrl } from "~/kit";
import css from "./datasets.module.css";
import { type Difference, sentences, splitsOf, type Version } from "./graph";
import type { VersionUrl } from "./VersionPage";

export function DifferenceTab({ one }: { one: Version }) {
  const [url, setUrl] = useUrl<VersionUrl>();
  const versions = usePage("/api/v1/views/datasets", { query: { limit: 100 } }, ["datasets"]);
  const others = (versions.data?.nodes ?? []).filter((node) => node.id !== one.node.id);
  const against = url.against ?? (one.parent_id || others[0]?.id || "");
  if (versions.data && others.length === 0)
    return (
      <Empty title="There is no other version to compare with">
        <p>Import more files into {one.node.name}, or let reviewed answers extend it.</p>
      </Empty>
    );
  return (
    <div className={css.stack}>
      <Select
        label={`Compare ${one.node.title} with`}
        data={others.map((node) => ({ value: node.id, label: node.title }))}
        value={against || null}
        allowDeselect={false}
        onChange={(to) => setUrl({ against: to ?? undefined })}
        w={320}
      />
      {against && <Compared left={against} right={one.node.id} />}
    </div>
  );
}

function Compared({ left, right }: { left: string; right: string }) {
  const found = usePage("/api/v1/views/datasets/difference", { query: { left, right } }, ["datasets"]);
  return (
    <Loaded query={found} rows={10}>
      {(one) => (
        <div className={css.stack}>
          <Panel title="In short">
            <ul className={css.plain}>
              {sentences(one).map((sentence) => (
                <li key={sentence}>{sentence}.</li>
              ))}
            </ul>
          </Panel>
          <Columns min={420}>
            <Panel title="By split">
              <BySplit one={one} />
            </Panel>
            <Panel title="Where the new records came from">
              {one.by_source.length > 0 ? (
                <KeyValue
                  rows={one.by_source.map(({ name, count }) => [
                    name.startsWith("feedback/") ? "Reviewed answers" : name,
                    <span key={name} className="num">
                      {format.num(count)} records
                    </span>,
                  ])}
                />
              ) : (
                <p className={css.note}>There are none.</p>
              )}
              <Gone count={one.added - one.by_source.reduce((sum, { count }) => sum + count, 0)} />
              <Labels title="New labels" labels={one.labels_added} />
              <Labels title="Labels that went" labels={one.labels_removed} />
            </Panel>
          </Columns>
        </div>
      )}
    </Loaded>
  );
}

function BySplit({ one }: { one: Difference }) {
  const by = new Map(one.by_split.map((split) => [split.split, split]));
  const order = splitsOf({ ...one.left.splits, ...one.right.splits }).map(({ name }) => name);
  return (
    <table className={css.small}>
      <thead>
        <tr>
          <th scope="col">Split</th>
          <th scope="col">{one.left.title}</th>
          <th scope="col">{one.right.title}</th>
          <th scope="col">Added</th>
          <th scope="col">Removed</th>
        </tr>
      </thead>
      <tbody>
        {order.map((name) => {
          const split = by.get(name);
          if (!split) return null;
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{format.num(split.left)}</td>
              <td>{format.num(split.right)}</td>
              <td className={split.added ? css.more : "quiet"}>
                {split.added ? `+${format.num(split.added)}` : "0"}
              </td>
              <td className={split.removed ? css.removed : "quiet"}>
                {split.removed ? `−${format.num(split.removed)}` : "0"}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Gone({ count }: { count: number }) {
  if (count <= 0) return null;
  return (
    <p className={css.note} style={{ marginTop: 12 }}>
      {format.num(count)} more {count === 1 ? "is" : "are"} of people who were erased since.
    </p>
  );
}

function Labels({ title, labels }: { title: string; labels: string[] }) {
  if (labels.length === 0) return null;
  return (
    <section className={css.field} style={{ marginTop: 16 }}>
      <h3>{title}</h3>
      <div className={css.labels}>
        {labels.map((label) => (
          <Tag key={label}>{label}</Tag>
        ))}
      </div>
    </section>
  );
}
