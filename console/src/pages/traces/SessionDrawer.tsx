/** A session: the turns of one conversation in their order, with what each cost; a click opens the answer. */
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { usePage } from "~/api/page";
import { ActionButton, Drawer, format, Loaded, Ms } from "~/kit";
import { useRefusal } from "~/session/session";
import { Outcome, Verdict } from "./columns";
import { Figure } from "./Figure";
import { Words } from "./Said";
import type { Open } from "./TracesPage";
import css from "./traces.module.css";

interface Props {
  session: string;
  said: boolean;
  set: (change: Open, push?: boolean) => void;
  onClose: () => void;
}

export function SessionDrawer({ session, said, set, onClose }: Props) {
  const view = usePage("/api/v1/views/traces/sessions/{session}", { path: { session } }, [
    "traces",
    "feedback",
  ]);
  const refused = useRefusal("content");
  const shown = said && !refused;
  return (
    <Drawer
      title={`Session ${session}`}
      label="Session"
      width={680}
      onClose={onClose}
      actions={
        <ActionButton
          size="xs"
          needs="content"
          leftSection={shown ? <IconEyeOff size={14} aria-hidden /> : <IconEye size={14} aria-hidden />}
          onClick={() => set({ said: !said })}
        >
          {shown ? "Hide" : "Show what was said"}
        </ActionButton>
      }
    >
      <Loaded query={view} rows={8}>
        {(one) => (
          <div className={css.body}>
            <dl className={css.strip}>
              <Figure name="Turns" value={`${format.num(one.requests)}${one.complete ? "" : " newest"}`} />
              <Figure name="Failed" value={format.num(one.errors)} />
              <Figure name="Lasted" value={format.ms(one.ended_ms - one.started_ms)} />
              <Figure
                name="Tokens in → out"
                value={`${format.num(one.input_tokens)} → ${format.num(one.output_tokens)}`}
              />
              <Figure name="Cost" value={format.usd(one.cost_usd)} />
            </dl>
            <ol className={css.turns}>
              {one.turns.map(({ inference, feedback }) => (
                <li key={inference.id} className={css.turn}>
                  <div className={css.turnHead}>
                    <button
                      type="button"
                      className="link-button num"
                      onClick={() => set({ open: inference.id }, true)}
                    >
                      {format.exact(inference.started_ms)}
                    </button>
                    <Outcome {...inference} />
                    {feedback.length > 0 && <Verdict feedback={feedback} />}
                    <span className="quiet">
                      <Ms value={inference.latency_ms} />
                    </span>
                  </div>
                  {shown && <Words id={inference.id} last />}
                </li>
              ))}
            </ol>
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}
