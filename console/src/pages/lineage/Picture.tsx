/** The picture behind an id: graph, gaps, what the chosen node says, and the whole as text. */
import { IconAlertTriangle, IconGitBranch } from "@tabler/icons-react";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import { CodeBlock, Empty, format, Graph, Id, Loaded, Panel, StatusBadge, Tag, useUrl } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { To } from "~/shell/To";
import type { LineageUrl } from "./LineagePage";
import css from "./lineage.module.css";
import { kindName, type LineageView, pathOf, pictureOf, questionOf, type Thing } from "./picture";

export function Picture() {
  const [url] = useUrl<LineageUrl>();
  const question = questionOf(url.of ?? "");
  const isWhy = question?.kind === "why";
  const why = usePage(
    "/api/v1/views/lineage/why/{inference_id}",
    { path: { inference_id: isWhy ? question.id : "" } },
    ["models", "releases"],
    { enabled: isWhy },
  );
  const impact = usePage(
    "/api/v1/views/lineage/impact",
    { query: question?.kind === "impact" ? question.query : {} },
    ["models", "releases", "datasets"],
    { enabled: question?.kind === "impact" },
  );
  if (!question) return <Start />;
  return (
    <Panel>
      <Loaded query={isWhy ? why : impact} rows={12}>
        {(view) => <Shown view={view} why={isWhy} />}
      </Loaded>
    </Panel>
  );
}

function Shown({ view, why }: { view: LineageView; why: boolean }) {
  const [url, setUrl] = useUrl<LineageUrl>();
  const picture = useMemo(() => pictureOf(view), [view]);
  const chosen = url.node && picture.things.has(url.node) ? url.node : undefined;
  const lit = useMemo(() => pathOf(picture.edges, chosen), [picture, chosen]);
  const ids = picture.nodes.map((node) => node.id);
  const step = (by: number) => {
    const at = chosen ? ids.indexOf(chosen) : by > 0 ? -1 : ids.length;
    setUrl({ node: ids[Math.max(0, Math.min(ids.length - 1, at + by))] });
  };
  useShortcuts([
    { keys: "j", label: "Next node", run: () => step(1) },
    { keys: "k", label: "Node before", run: () => step(-1) },
    { keys: "Escape", label: "No node", run: () => setUrl({ node: undefined }) },
  ]);
  const thing = chosen ? picture.things.get(chosen) : undefined;
  return (
    <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: 16 }}>
      <div>
        <h2 style={{ margin: 0, fontSize: 14 }}>
          {why ? `Why: ${view.title}` : `What derives from ${titleOf(view)}`}
        </h2>
        <Id id={view.id} />
      </div>
      {!why && <Counts view={view} />}
      {view.gaps.length > 0 && (
        <div className={css.gaps} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <div>
            <strong>
              {view.gaps.length === 1 ? "One link" : `${view.gaps.length} links`} cannot be followed
            </strong>
            <ul>
              {view.gaps.map((gap) => (
                <li key={gap}>{gap}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <div>
        <Graph
          label={why ? "Everything behind the answer" : "Everything that derives from it"}
          nodes={picture.nodes}
          edges={picture.edges}
          chosen={chosen}
          lit={lit}
          onChoose={(id) => setUrl({ node: id === chosen ? undefined : id })}
        />
        {view.graph.left_out > 0 && (
          <p className="quiet">{format.num(view.graph.left_out)} more are not drawn.</p>
        )}
        {thing ? (
          <About thing={thing} />
        ) : (
          <p className="quiet" style={{ margin: "8px 0 0" }}>
            Press a node to light its path and to read what it says.
          </p>
        )}
      </div>
      {view.sentences.length > 0 && <Story view={view} why={why} />}
    </div>
  );
}

function titleOf(view: LineageView): string {
  if (view.title !== view.id) return view.title;
  return view.graph.nodes.find((node) => node.id === view.id)?.title ?? view.id;
}

function About({ thing }: { thing: Thing }) {
  return (
    <section className={css.node} aria-label="The chosen node">
      <strong>{thing.title}</strong>
      <span className="quiet">{kindName(thing.kind)}</span>
      {thing.state && <StatusBadge state={thing.state} />}
      <span style={{ marginLeft: "auto" }}>
        <To link={{ kind: thing.kind, id: thing.id }}>
          <span className="mono">{format.shortId(thing.id)}</span>
        </To>
      </span>
      {thing.note && <p className="second">{thing.note}</p>}
    </section>
  );
}

function Counts({ view }: { view: LineageView }) {
  const counts = view.counts.filter((one) => one.count > 0);
  if (counts.length === 0) return <p className="second">Nothing derives from it.</p>;
  return (
    <div>
      <dl className={css.counts}>
        {counts.map((one) => (
          <div key={one.kind}>
            <dt>{plural(kindName(one.kind), one.count)}</dt>
            <dd>{format.num(one.count)}</dd>
          </div>
        ))}
      </dl>
      {view.live_models.length > 0 && (
        <p className={css.prose} style={{ margin: "8px 0 0" }}>
          <Tag tone="warn">serves now</Tag>{" "}
          {view.live_models.map((id, number) => (
            <span key={id}>
              {number > 0 && ", "}
              <To link={{ kind: "model", id }}>
                {view.graph.nodes.find((node) => node.id === id)?.title ?? id}
              </To>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

export function plural(word: string, count: number): string {
  if (count === 1 || word === "feedback") return word;
  return word === "inference" || word === "answer" ? "answers" : `${word}s`;
}

function Story({ view, why }: { view: LineageView; why: boolean }) {
  return (
    <section>
      <h3 style={{ margin: "0 0 8px", fontSize: 13 }}>{why ? "The same as text" : "In words"}</h3>
      <ol className={css.story}>
        {view.sentences.map((sentence, number) => {
          const deep = sentence.length - sentence.trimStart().length;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change its order
            <li key={number} style={{ marginLeft: deep * 8 }}>
              {sentence.trim()}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Start() {
  return (
    <Panel>
      <Empty title="Ask for an id" icon={IconGitBranch}>
        <p>
          An answer&apos;s id shows everything behind it: variant, model, run, data, gate. A record, a person,
          a dataset or a model shows everything that derives from it. The same on the command line:
        </p>
        <div style={{ marginTop: 12, textAlign: "left" }}>
          <CodeBlock value={"volant why INFERENCE\nvolant impact --dataset DATASET"} label="Commands" />
        </div>
      </Empty>
    </Panel>
  );
}
