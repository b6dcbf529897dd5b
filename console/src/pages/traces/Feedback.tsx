/** What was judged of an answer, and the form that judges it. Comments and right answers are personal: shown on demand. */
import { usePage } from "~/api/page";
import { Ago, CodeBlock, format, PlainText, Tag } from "~/kit";
import { useRefusal } from "~/session/session";
import { FeedbackForm } from "./FeedbackForm";
import type { TraceView } from "./TraceDrawer";
import type { Open } from "./TracesPage";
import css from "./traces.module.css";

interface Props {
  one: TraceView;
  texts: boolean; // comments and right answers are wanted
  form: boolean;
  set: (change: Open) => void;
}

export function Feedback({ one, texts, form, set }: Props) {
  const refused = useRefusal("content");
  const readable = texts && !refused;
  const id = one.inference.id;
  return (
    <section className={css.part}>
      <h3>
        Feedback
        {!form && (
          <button type="button" className="link-button" onClick={() => set({ judge: true })}>
            Judge this answer
          </button>
        )}
      </h3>
      <div style={{ display: "grid", gap: 8 }}>
        {form && <FeedbackForm key={id} id={id} onDone={() => set({ judge: false })} />}
        {readable ? <Whole id={id} /> : <Newest feedback={one.feedback} />}
      </div>
    </section>
  );
}

/** The newest by each metric, without texts. */
function Newest({ feedback }: { feedback: TraceView["feedback"] }) {
  if (feedback.length === 0) return <p className={css.note}>Nobody has judged this answer.</p>;
  return (
    <ul className={css.judgements}>
      {feedback.map((one) => (
        <li key={one.metric} className={css.judgement}>
          <Judgement {...one} />
          {one.has_text && <span className="quiet">With a text; show what was said to read it.</span>}
        </li>
      ))}
    </ul>
  );
}

/** Every judgement with its text, newest first. */
function Whole({ id }: { id: string }) {
  const found = usePage("/api/v1/inferences/{inference_id}", { path: { inference_id: id } }, ["feedback"]);
  const feedback = found.isPlaceholderData ? undefined : found.data?.feedback;
  if (!feedback) return null;
  if (feedback.length === 0) return <p className={css.note}>Nobody has judged this answer.</p>;
  return (
    <ul className={css.judgements}>
      {[...feedback].reverse().map((one) => (
        <li key={one.id} className={css.judgement}>
          <Judgement {...one} />
          {one.comment && <PlainText>{one.comment}</PlainText>}
          {one.demonstration !== null && (
            <div>
              <div className={css.role}>The right answer</div>
              <CodeBlock value={one.demonstration} wrap label="The right answer" />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

interface Judged {
  metric: string;
  value: number | null;
  source: string;
  created_ms: number;
}

function Judgement({ metric, value, source, created_ms }: Judged) {
  return (
    <div className={css.judgementHead}>
      <Mark metric={metric} value={value} />
      {source && <span className="second">by {source}</span>}
      <Ago at_ms={created_ms} />
    </div>
  );
}

function Mark({ metric, value }: { metric: string; value: number | null }) {
  if (metric !== "accepted")
    return <Tag>{value === null ? metric : `${metric}: ${format.num(value, 3)}`}</Tag>;
  if (value === null) return <Tag>comment</Tag>;
  return value >= 1 ? <Tag tone="ok">accepted</Tag> : <Tag tone="warn">corrected</Tag>;
}
