/** One answer: its numbers, its waterfall, what was said, what was judged, and where its evidence stands. */
import { IconMessageCircle, IconRoute } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { type Answer, usePage } from "~/api/page";
import { ActionButton, Drawer, format, Key, KeyValue, Loaded, Tag, Waterfall } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { Outcome } from "./columns";
import { Facts } from "./Facts";
import { Feedback } from "./Feedback";
import { Figure } from "./Figure";
import type { TraceRow } from "./filters";
import { ToDatasetButton } from "./Picked";
import { Said } from "./Said";
import type { Open } from "./TracesPage";
import css from "./traces.module.css";

export type TraceView = Answer<"/api/v1/views/traces/{inference_id}">;

interface Props {
  id: string;
  said: boolean;
  judge: boolean;
  listed: boolean; // the table has it, and so j and k
  set: (change: Open, push?: boolean) => void;
  onJudged: (id: string, feedback: TraceRow["feedback"]) => void;
}

export function TraceDrawer({ id, said, judge, listed, set, onJudged }: Props) {
  const view = usePage("/api/v1/views/traces/{inference_id}", { path: { inference_id: id } }, ["feedback"]);
  const found = view.data;
  const navigate = useNavigate();
  const why = () =>
    void navigate({
      to: "/lineage",
      // biome-ignore lint/suspicious/noExplicitAny: that page's own address
      search: { of: found?.inference.id ?? id } as any,
    });
  const go = (to: string | undefined) => to && set({ open: to, judge: false });
  useShortcuts([
    { keys: "f", label: "Give feedback", run: () => set({ judge: true }) },
    { keys: "c", label: "Show or hide what was said", run: () => set({ said: !said }) },
    { keys: "w", label: "Why this answer", run: why },
    ...(listed
      ? []
      : [
          { keys: "j", label: "The answer before, of the same task", run: () => go(found?.older_id) },
          { keys: "k", label: "The answer after, of the same task", run: () => go(found?.newer_id) },
        ]),
  ]);
  useJudged(view.isPlaceholderData ? undefined : found, onJudged);

  return (
    <Drawer
      title={found ? found.inference.task : "Answer"}
      label="Answer"
      width={680}
      onClose={() => set({ open: undefined, said: false, judge: false })}
      actions={
        <>
          <ActionButton size="xs" leftSection={<IconRoute size={14} aria-hidden />} onClick={why}>
            Why
          </ActionButton>
          <ActionButton
            size="xs"
            needs="feedback"
            leftSection={<IconMessageCircle size={14} aria-hidden />}
            onClick={() => set({ judge: !judge })}
          >
            Feedback
          </ActionButton>
          <ToDatasetButton onClick={() => set({ add: true })} />
        </>
      }
    >
      <Loaded query={view} rows={14}>
        {(one) => (
          <div className={css.body} aria-busy={view.isPlaceholderData}>
            <Head one={one} />
            <section className={css.part}>
              <h3>Where the time went</h3>
              <Waterfall spans={one.spans.filter(isTimed).map(span)} />
              <Findings one={one} />
            </section>
            <Guards verdicts={one.verdicts} />
            <Said
              id={one.inference.id}
              shown={said}
              set={(shown) => set({ said: shown })}
              erased_ms={one.inference.erased_ms}
            />
            <Feedback one={one} texts={said} form={judge} set={set} />
            <Facts one={one} set={set} />
            <p className="quiet" style={{ margin: 0 }}>
              <Key>j</Key> <Key>k</Key> walk, <Key>f</Key> judges, <Key>c</Key> shows what was said,{" "}
              <Key>w</Key> asks why, <Key>d</Key> makes a row of it
            </p>
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}

/** Whatever the drawer learns of judgements, the list shows too. */
function useJudged(found: TraceView | undefined, tell: Props["onJudged"]) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once per answer of the server
  useEffect(() => {
    if (found) tell(found.inference.id, found.feedback);
  }, [found]);
}

function Head({ one }: { one: TraceView }) {
  const { inference } = one;
  return (
    <dl className={css.strip}>
      <div>
        <dt>Outcome</dt>
        <dd>
          <Outcome {...inference} />
        </dd>
      </div>
      <Figure name="Latency" value={format.ms(inference.latency_ms)} />
      <Figure name="First token" value={inference.ttft_ms ? format.ms(inference.ttft_ms) : "–"} />
      <Figure
        name="Tokens in → out"
        value={`${format.num(inference.input_tokens)} → ${format.num(inference.output_tokens)}`}
      />
      <Figure name="Cost" value={format.usd(inference.cost_usd)} />
    </dl>
  );
}

function isTimed(one: TraceView["spans"][number]): boolean {
  return one.kind !== "check";
}

/** Why a call was made that was not the first. */
const WHY: Record<string, string> = {
  retry: "again",
  fallback: "fallback",
  context: "longer window",
  hedge: "beside",
  judge: "judge of a guard",
  embedding: "for the cache",
};

function span(one: TraceView["spans"][number]) {
  if (one.kind === "guard") return guardSpan(one);
  const bad = one.status >= 400 || one.status === 0 || one.error_code !== "";
  const why = one.error_code || (one.status ? `status ${one.status}` : "no answer");
  return {
    id: one.id,
    parent: one.parent_id || undefined,
    name: `${one.kind === "inference" ? "Request" : one.title}${WHY[one.why] ? ` (${WHY[one.why]})` : ""}${bad ? `: ${why.replaceAll("_", " ")}` : ""}`,
    start_ms: one.offset_ms,
    duration_ms: one.duration_ms,
    tone: bad ? ("bad" as const) : undefined,
    note: [one.deployment, one.model, bad ? why : "", format.ms(one.duration_ms)].filter(Boolean).join(", "),
  };
}

function guardSpan(one: TraceView["spans"][number]) {
  return {
    id: one.id,
    parent: one.parent_id || undefined,
    name: `Guard ${one.title}`,
    start_ms: one.offset_ms,
    duration_ms: one.duration_ms,
    tone: one.error_code ? ("bad" as const) : undefined,
    note: format.ms(one.duration_ms),
  };
}

const DONE = { allow: "let through", flag: "flagged", redact: "redacted", block: "blocked" };
const TONES = { allow: "ok", flag: "warn", redact: "warn", block: "bad" } as const;

/** What each guard said: kinds and counts, never the words. */
function Guards({ verdicts }: { verdicts: TraceView["verdicts"] }) {
  if (verdicts.length === 0) return null;
  return (
    <section className={css.part}>
      <h3>What guards said</h3>
      <KeyValue
        rows={verdicts.map((one, place) => [
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change
          <span key={place}>
            {one.guard} <span className="quiet">on the {one.on === "input" ? "question" : "answer"}</span>
          </span>,
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <span key={place}>
            <Tag tone={one.error ? "bad" : TONES[one.action]}>
              {one.error ? "could not say" : DONE[one.action]}
            </Tag>{" "}
            <span className="second">{said(one)}</span>
          </span>,
        ])}
      />
    </section>
  );
}

function said(one: TraceView["verdicts"][number]): string {
  const kinds = Object.entries(one.kinds ?? {}).map(
    ([kind, count]) => `${kind.replaceAll("_", " ")} ×${count}`,
  );
  const score = one.score ? [`score ${format.short(one.score)}`] : [];
  const shadow = one.mode === "shadow" ? ["in shadow: nothing was changed"] : [];
  return [...(one.error ? [one.error] : []), ...kinds, ...score, ...shadow].join(", ");
}

function Findings({ one }: { one: TraceView }) {
  const found = one.inference.findings;
  if (found.length === 0) return null;
  return (
    <p style={{ display: "flex", flexWrap: "wrap", gap: 8, margin: "8px 0 0" }}>
      <span className="second">Checks found</span>
      {found.map((finding) => (
        <Tag key={finding} tone="warn">
          {finding}
        </Tag>
      ))}
    </p>
  );
}
