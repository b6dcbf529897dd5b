/** What a run was told, what came of it, and what it kept on the disk. */
import { CodeBlock, Empty, format, Id, KeyValue, Panel } from "~/kit";
import { To } from "~/shell/To";
import { By } from "./columns";
import css from "./runs.module.css";
import { flat, type RunView, shown } from "./series";

export function Checkpoints({ view }: { view: RunView }) {
  if (view.checkpoints.length === 0) {
    return (
      <Empty title="No checkpoint stands on the disk">
        <p>A training keeps one every so many steps; when it has ended well, only the final weights stay.</p>
      </Empty>
    );
  }
  return (
    <div className={css.stack}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Checkpoint</th>
            <th scope="col" className={css.number}>
              Step
            </th>
            <th scope="col" className={css.number}>
              Size
            </th>
            <th scope="col">SHA-256 of the weights</th>
            <th scope="col">Made</th>
          </tr>
        </thead>
        <tbody>
          {view.checkpoints.map((one) => (
            <tr key={one.name}>
              <td>{one.name}</td>
              <td className={css.number}>{one.step < 0 ? "the chosen one" : format.num(one.step)}</td>
              <td className={css.number}>{format.bytes(one.size_bytes)}</td>
              <td>{one.sha256 ? <Id id={one.sha256} label={`${one.sha256.slice(0, 16)}…`} /> : "–"}</td>
              <td className="num">{format.exact(one.made_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className={css.hint}>{view.resume_sentence}</p>
    </div>
  );
}

export function Settings({ view }: { view: RunView }) {
  const facts = Object.entries(view.facts);
  return (
    <div className={css.stack}>
      <Panel title="The run">
        <KeyValue
          rows={[
            ["Id", <Id key="id" id={view.run.id} full />],
            ["Begun by", <By key="by" workflow={view.run.by} />],
            ["Attempt", format.num(view.run.attempt)],
            ["Process", view.process],
            ["Read", <Links key="in" links={view.inputs} />],
            ["Made", <Links key="out" links={view.outputs} />],
          ]}
        />
      </Panel>
      <Panel title="What it was told">
        <KeyValue
          rows={flat(view.spec).map(([name, value]) => [words(name), <Value key={name} value={value} />])}
        />
      </Panel>
      {facts.length > 0 && (
        <Panel title="What came out">
          <KeyValue rows={facts.map(([name, value]) => [words(name), <Value key={name} value={value} />])} />
        </Panel>
      )}
      {view.run.state !== "succeeded" && (
        <Panel title="On the command line">
          <CodeBlock value={`volant run follow ${view.run.id}`} label="Command" />
        </Panel>
      )}
    </div>
  );
}

function Links({ links }: { links: RunView["inputs"] }) {
  if (links.length === 0) return <span className="quiet">–</span>;
  return links.map((link, number) => (
    <span key={link.id}>
      {number > 0 && ", "}
      <To link={link}>{link.title || format.shortId(link.id)}</To>
    </span>
  ));
}

/** An id leads to its page; everything else is text. */
export function Value({ value }: { value: unknown }) {
  const text = shown(value);
  return typeof value === "string" && /^[a-z]{2,4}_[0-9a-f]{32}$/.test(value) ? (
    <To link={{ kind: "", id: value }}>{format.shortId(value)}</To>
  ) : (
    <span className={/^[0-9a-f]{64}$/.test(text) ? "mono" : undefined}>{text}</span>
  );
}

/** `options.base_model_id` → `Base model id`, with the group in front where there is one. */
export function words(name: string): string {
  return format.title(name.replace(/^options\./, "").replaceAll(".", ": "));
}
