/** What was said: request and answer as turns. Asked for only when wanted, since each reading stands in the audit log. */
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { usePage } from "~/api/page";
import { ActionButton, CodeBlock, format, Loaded, PlainText, Tag } from "~/kit";
import { useRefusal } from "~/session/session";
import { type Part, type Turn, turnsOf } from "./messages";
import css from "./traces.module.css";

interface Props {
  id: string;
  shown: boolean;
  set: (shown: boolean) => void;
  erased_ms: number;
}

export function Said({ id, shown, set, erased_ms }: Props) {
  const refused = useRefusal("content");
  return (
    <section className={css.part}>
      <h3>
        What was said
        {shown && !refused ? (
          <button type="button" className="link-button" onClick={() => set(false)}>
            <IconEyeOff size={14} aria-hidden style={{ verticalAlign: -2 }} /> Hide
          </button>
        ) : (
          <span />
        )}
      </h3>
      {erased_ms > 0 ? (
        <p className={css.note}>The person was erased on {format.exact(erased_ms)}; their words are gone.</p>
      ) : shown && !refused ? (
        <Words id={id} />
      ) : (
        <div className={css.buttons}>
          <ActionButton
            size="xs"
            needs="content"
            leftSection={<IconEye size={14} aria-hidden />}
            onClick={() => set(true)}
          >
            Show what was said
          </ActionButton>
          <span className="quiet">{refused ? "" : "Your reading is noted in the audit log."}</span>
        </div>
      )}
    </section>
  );
}

/** The turns of one answer; also used by the session view. */
export function Words({ id, last }: { id: string; last?: boolean }) {
  const payload = usePage("/api/v1/inferences/{inference_id}/payload", { path: { inference_id: id } });
  const [raw, setRaw] = useState(false);
  return (
    <Loaded query={payload} rows={4}>
      {(body) =>
        body.input === null && body.output === null ? (
          <p className={css.note}>
            No texts were recorded: the project's policy keeps none, or they are past their time.
          </p>
        ) : (
          <>
            {raw ? (
              <div style={{ display: "grid", gap: 8 }}>
                <CodeBlock value={body.input} label="Request" wrap />
                <CodeBlock value={body.output} label="Answer" wrap />
              </div>
            ) : (
              <Turns input={body.input} output={body.output} last={last} />
            )}
            <button
              type="button"
              className="link-button"
              style={{ marginTop: 8 }}
              onClick={() => setRaw(!raw)}
            >
              {raw ? "Show as messages" : "Show as recorded"}
            </button>
          </>
        )
      }
    </Loaded>
  );
}

const SHOWN = 40; // turns; a long conversation begins folded

function Turns({ input, output, last }: { input: unknown; output: unknown; last?: boolean }) {
  const turns = useMemo(() => turnsOf(input, output), [input, output]);
  const [all, setAll] = useState(false);
  const wanted = last ? sinceLastAnswer(turns) : turns;
  const hidden = all ? 0 : Math.max(0, wanted.length - SHOWN);
  return (
    <ol className={css.turns}>
      {hidden > 0 && (
        <li>
          <button type="button" className="link-button" onClick={() => setAll(true)}>
            Show {format.num(hidden)} earlier messages
          </button>
        </li>
      )}
      {wanted.slice(hidden).map((turn, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what was said does not change its order
        <li key={number} className={`${css.turn} ${turn.answer ? css.answer : ""}`}>
          <div className={css.role}>{format.title(turn.role)}</div>
          {turn.parts.map((part, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <One key={place} part={part} />
          ))}
        </li>
      ))}
    </ol>
  );
}

/** Of a conversation that each request repeats, only what is new. */
function sinceLastAnswer(turns: Turn[]): Turn[] {
  const before = turns.findLastIndex((turn) => turn.role === "assistant" && !turn.answer);
  return turns.slice(before + 1);
}

function One({ part }: { part: Part }) {
  if (part.kind === "text") return <PlainText>{part.text}</PlainText>;
  if (part.kind === "other")
    return (
      <div>
        <Tag>{part.name}</Tag> <span className="quiet">not shown here</span>
      </div>
    );
  return (
    <div>
      {part.kind === "call" && (
        <div style={{ marginBottom: 4 }}>
          <Tag tone="info">calls {part.name}</Tag>
        </div>
      )}
      <CodeBlock value={part.value} wrap label={part.kind === "call" ? `Call of ${part.name}` : "JSON"} />
    </div>
  );
}
