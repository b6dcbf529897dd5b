/** What stands behind an answer: variant, prompt, model, release, keys, and what hangs together with it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { format, Id, KeyValue } from "~/kit";
import { placeOf, placeOfLink } from "~/shell/places";
import type { TraceView } from "./TraceDrawer";
import type { Open } from "./TracesPage";
import css from "./traces.module.css";

type Rows = [ReactNode, ReactNode][];

export function Facts({ one, set }: { one: TraceView; set: (change: Open, push?: boolean) => void }) {
  const { inference } = one;
  const related = one.links.filter((link) => link.kind === "inference");
  const link = (kind: string) => one.links.find((found) => found.kind === kind);
  const rows: [string, ReactNode, unknown][] = [
    ["Asked", format.exact(inference.started_ms, true), true],
    ["Id", <Id key="id" id={inference.id} full />, true],
    ["Provider's id", <Id key="response" id={one.provider_response_id} full />, one.provider_response_id],
    ["Trace", <Id key="trace" id={one.trace_id} full />, one.trace_id],
    ["Asked by", one.key_name || format.shortId(one.key_id), one.key_id],
    ["Asked as", `${one.operation.replaceAll("_", " ")}, ${one.dialect.replaceAll("_", " ")}`, true],
    ["Variant", inference.variant, inference.variant],
    ["Prompt", <To key="prompt" id={one.prompt_version_id} text={one.prompt} />, one.prompt],
    [
      "Deployment",
      `${inference.deployment}${inference.fallback ? ", as a fallback" : ""}`,
      inference.deployment,
    ],
    ["From the cache", one.cache === "semantic" ? "a like question" : "the same question", one.cache],
    ["Left out on the way", one.warnings.join("; "), one.warnings.length > 0],
    ["Model there", inference.model, inference.model],
    ["Model of ours", <ToLink key="model" link={link("model")} text={one.model_label} />, one.model_label],
    ["Release", <ToLink key="release" link={link("release")} />, inference.release_id],
    [
      "Rollout",
      <ToLink key="rollout" link={link("rollout")} text={`${inference.arm} arm, step ${one.step}`} />,
      inference.rollout_id,
    ],
    [
      "Session",
      <button
        key="session"
        type="button"
        className="link-button"
        onClick={() => set({ open: undefined, judge: false, said: false, talk: inference.session }, true)}
      >
        {inference.session}
      </button>,
      inference.session,
    ],
    ["Person", <ToLink key="subject" link={link("subject")} />, inference.subject],
    ["Item", inference.item, inference.item],
    ["Tags", one.tag_names.join(", "), one.tag_names.length > 0],
    ["Streamed", "yes", inference.streamed],
    ["Prices of", one.price_version, one.price_version && inference.cost_usd > 0],
    [
      "Configuration",
      <span key="hash" className="mono">
        {one.config_hash}
      </span>,
      one.config_hash,
    ],
  ];
  return (
    <>
      <section className={css.part}>
        <h3>Behind it</h3>
        <KeyValue rows={rows.filter(([, , there]) => there).map(([name, value]) => [name, value]) as Rows} />
      </section>
      {related.length > 0 && (
        <section className={css.part}>
          <h3>Together with it</h3>
          <KeyValue
            rows={related.map(({ id, title }) => [
              title,
              <button key={id} type="button" className="link-button" onClick={() => set({ open: id }, true)}>
                {format.shortId(id)}
              </button>,
            ])}
          />
        </section>
      )}
    </>
  );
}

function ToLink({ link, text }: { link?: { kind: string; id: string }; text?: string }) {
  if (!link) return <>{text || "–"}</>;
  return <Anchor place={placeOfLink(link)} text={text || format.shortId(link.id)} />;
}

function To({ id, text }: { id: string; text: string }) {
  return <Anchor place={placeOf(id)} text={text} />;
}

function Anchor({ place, text }: { place: ReturnType<typeof placeOf>; text: string }) {
  if (!place) return <>{text}</>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    <Link to={place.to} search={place.search as any} className="text-link">
      {text}
    </Link>
  );
}
