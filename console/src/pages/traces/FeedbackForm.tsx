/** Judge one answer: accept it, or correct it with the right answer; a comment to either, or alone. */
import { Button, SegmentedControl, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { api } from "~/api/client";
import { words } from "~/api/errors";
import { useChange } from "~/api/page";
import { ActionButton, Key } from "~/kit";
import { useSession } from "~/session/session";
import { type Draft, feedbackOf, missing, type Verdict } from "./feedback";
import css from "./traces.module.css";

const VERDICTS: { value: Verdict; label: string }[] = [
  { value: "accept", label: "Accept" },
  { value: "correct", label: "Correct" },
  { value: "comment", label: "Comment only" },
];

export function FeedbackForm({ id, onDone }: { id: string; onDone: () => void }) {
  const { person } = useSession();
  const [draft, setDraft] = useState<Draft>({ verdict: "accept", answer: "", comment: "" });
  const [key] = useState(() => crypto.randomUUID()); // sent twice, kept once
  const give = useChange(
    () => api.POST("/api/v1/feedback", { body: feedbackOf(draft, id, person.name, key) }),
    ["feedback"],
  );
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector("input")?.focus(), []);
  const lacks = missing(draft);
  const error = give.error ? words(give.error) : undefined;
  const change = (some: Partial<Draft>) => setDraft((before) => ({ ...before, ...some }));

  function send(event?: FormEvent) {
    event?.preventDefault();
    if (!lacks && !give.isPending) give.mutate(undefined, { onSuccess: onDone });
  }
  function onKey(event: KeyboardEvent) {
    if (event.key === "Escape") {
      event.stopPropagation();
      onDone();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  }

  return (
    <form className={css.form} onSubmit={send} onKeyDown={onKey} aria-label="Feedback">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Judgement"
        data={VERDICTS}
        value={draft.verdict}
        onChange={(verdict) => change({ verdict: verdict as Verdict })}
        ref={box}
      />
      {draft.verdict === "correct" && (
        <Textarea
          label="The right answer"
          description="As the model should have answered: text or JSON. The next dataset learns from it."
          autosize
          minRows={2}
          maxRows={10}
          value={draft.answer}
          onChange={(event) => change({ answer: event.currentTarget.value })}
        />
      )}
      <Textarea
        label="Comment"
        autosize
        minRows={1}
        maxRows={8}
        value={draft.comment}
        onChange={(event) => change({ comment: event.currentTarget.value })}
      />
      {error && (
        <p className={css.note} role="alert" style={{ color: "var(--v-bad)" }}>
          {error.title} {error.hint}
        </p>
      )}
      <div className={css.buttons}>
        <ActionButton
          needs="feedback"
          refused={lacks}
          variant="filled"
          loading={give.isPending}
          onClick={() => send()}
        >
          Give feedback
        </ActionButton>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <span className="quiet" style={{ marginLeft: "auto" }}>
          <Key>Ctrl</Key> <Key>Enter</Key>
        </span>
      </div>
    </form>
  );
}
