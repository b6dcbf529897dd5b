/** What cleaning did, what the version holds, what leaked, where it came from and where it went. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Ago, Columns, format, Id, KeyValue, Panel, Tag, useUrl } from "~/kit";
import { placeOf, placeOfLink } from "~/shell/places";
import css from "./datasets.module.css";
import { Funnel } from "./Funnel";
import { named, splitsOf, type Version } from "./graph";
import { Splits } from "./Splits";
import type { VersionUrl } from "./VersionPage";

export function OverviewTab({ one }: { one: Version }) {
  const [url, setUrl] = useUrl<VersionUrl>();
  const people = Object.values(one.users).reduce((sum, count) => sum + count, 0);
  return (
    <div className={css.stack}>
      <dl className={css.figures}>
        <Figure name="Records" value={format.num(one.node.records)} />
        <Figure name="People" value={people ? format.num(people) : "not counted"} />
        <Figure name="Labels" value={format.num(one.labels.length)} />
        <Figure name="Removed" value={format.num(one.node.removed)} />
        <Figure name="Personal data redacted" value={`${format.num(one.node.redacted)} rows`} />
        <Figure name="Leaks into the test" value={format.num(one.node.leaks)} />
      </dl>
      <Columns min={420}>
        <Panel title="From rows to records">
          <Funnel
            version={one.node.id}
            steps={one.funnel}
            chosen={url.step}
            onChoose={(step) => setUrl({ step })}
          />
        </Panel>
        <div className={css.stack}>
          <Panel title="Splits">
            <Splits splits={splitsOf(one.node.splits, one.users)} />
          </Panel>
          <Panel title="What cleaning wrote anew">
            <Counts
              counts={one.changed}
              names={REWRITTEN}
              none={one.parent_id ? "Reviewed answers were redacted when they were recorded." : "Nothing."}
            />
          </Panel>
        </div>
      </Columns>
      <Columns min={420}>
        <Panel title="Columns">
          <table className={css.small}>
            <thead>
              <tr>
                <th scope="col">Column</th>
                <th scope="col" className={css.words}>
                  What it holds
                </th>
                <th scope="col">Values</th>
              </tr>
            </thead>
            <tbody>
              {one.columns.map((column) => (
                <tr key={column.name}>
                  <th scope="row" className="mono">
                    {column.name}
                  </th>
                  <td className={css.words}>{column.meaning}</td>
                  <td>{column.values ? format.num(column.values) : <span className="quiet">–</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        <div className={css.stack}>
          <Panel title="Leaks">
            <Leaks one={one} />
          </Panel>
          <Panel title="Where it came from, where it went">
            <Links one={one} />
          </Panel>
        </div>
      </Columns>
      <Labels one={one} />
    </div>
  );
}

const REWRITTEN: Record<string, string> = {
  pii: "Rows with personal data redacted",
  secrets: "Rows with secrets redacted",
  encoding: "Rows with broken encoding mended",
  whitespace: "Rows with spaces put right",
};

function Counts({
  counts,
  names,
  none,
}: {
  counts: { name: string; count: number }[];
  names: Record<string, string>;
  none: string;
}) {
  if (counts.length === 0) return <p className={css.note}>{none}</p>;
  return (
    <KeyValue
      rows={counts.map(({ name, count }) => [
        names[name] ?? format.title(name),
        <N key={name} value={count} />,
      ])}
    />
  );
}

function N({ value }: { value: number }) {
  return <span className="num">{format.num(value)}</span>;
}

function Leaks({ one }: { one: Version }) {
  if (one.leaks.length === 0)
    return <p className={css.note}>No item of the test also stands in train or validation.</p>;
  return (
    <>
      <p className={css.note}>
        {format.num(one.node.leaks)} items of the test also stood in the training data; those rows were
        dropped.
        {one.leaks.length < one.node.leaks && ` The first ${one.leaks.length}:`}
      </p>
      <table className={css.small}>
        <tbody>
          {one.leaks.slice(0, 20).map((leak) => (
            <tr key={leak.test}>
              <th scope="row">
                <Id id={leak.test} />
              </th>
              <td className={css.words}>{leak.train.join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Links({ one }: { one: Version }) {
  const sources = one.sources.map((edge) => {
    const { title, about } = named(edge);
    const isVersion = edge.source_kind === "dataset_version";
    const text = isVersion ? "the version before" : `${title}, ${about}`;
    return <To key={edge.source} place={placeOf(edge.source)} text={text} title={edge.source} />;
  });
  const used = [...one.used_by, ...one.grown_into].map((link) => (
    <To
      key={link.id}
      place={placeOfLink(link)}
      text={link.title || `${KINDS[link.kind] ?? link.kind} ${format.shortId(link.id)}`}
      title={link.id}
    />
  ));
  return (
    <KeyValue
      rows={[
        ["Made", <Ago key="made" at_ms={one.node.created_ms} />],
        ["From", <Listed key="from" items={sources} none="nothing that is noted" />],
        ["Used by", <Listed key="used" items={used} none="nothing yet: volant train TASK learns from it" />],
        ["Content hash", <Id key="hash" id={one.content_hash} label={one.content_hash.slice(0, 16)} />],
      ]}
    />
  );
}

const KINDS: Record<string, string> = { run: "run", model: "model", dataset_version: "version" };

function Listed({ items, none }: { items: ReactNode[]; none: string }) {
  if (items.length === 0) return <span className="quiet">{none}</span>;
  return <div className={css.links}>{items}</div>;
}

function To({ place, text, title }: { place: ReturnType<typeof placeOf>; text: string; title: string }) {
  if (!place) return <span title={title}>{text}</span>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    <Link to={place.to} search={place.search as any} className="text-link" title={title}>
      {text}
    </Link>
  );
}

function Labels({ one }: { one: Version }) {
  const known = new Set(one.known_labels);
  if (one.labels.length === 0) return null;
  return (
    <Panel
      title={`Labels: ${format.num(one.labels.length)}, ${format.num(known.size)} known to the first model`}
    >
      {one.label_conflicts > 0 && (
        <p className={css.note}>
          {format.num(one.label_conflicts)} texts stand under two labels: look at them before training.
        </p>
      )}
      <div className={css.labels}>
        {one.labels.map((label) => (
          <Tag key={label} tone={known.has(label) ? "info" : "idle"}>
            {label}
            {known.has(label) && <span className="hidden-text"> (known)</span>}
          </Tag>
        ))}
      </div>
    </Panel>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
