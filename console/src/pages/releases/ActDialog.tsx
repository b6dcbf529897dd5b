/** A person's word on a rollout: says what will move before it moves. */
import { Button, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { send } from "~/api/client";
import { useChange } from "~/api/page";
import { Problem } from "~/kit";
import { moves, type Rollout, type Word } from "./looks";
import css from "./releases.module.css";

export const TITLES: Record<Word, string> = {
  promote: "Promote",
  hold: "Hold",
  resume: "Resume",
  rollback: "Roll back",
};

export function ActDialog({ word, rollout, onClose }: { word: Word; rollout: Rollout; onClose: () => void }) {
  const [comment, setComment] = useState("");
  const act = useChange(
    () => send("POST", `/api/v1/rollouts/${encodeURIComponent(rollout.id)}/${word}`, { comment }),
    ["releases", "reviews"],
  );
  const risky = word === "promote" || word === "rollback";
  return (
    <Modal opened onClose={onClose} title={`${TITLES[word]} ${rollout.candidate}?`} size={520}>
      <p style={{ marginTop: 0 }}>{moves(word, rollout)}</p>
      <TextInput
        label="Why"
        description="Stands in the decisions and the audit log, with your name"
        value={comment}
        data-autofocus
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {act.error && <Problem error={act.error} />}
      <div className={css.actions}>
        <Button variant="default" onClick={onClose}>
          Leave it
        </Button>
        <Button
          color={word === "rollback" ? "red.9" : undefined}
          variant={risky ? "filled" : "default"}
          loading={act.isPending}
          onClick={() =>
            act.mutate(undefined, {
              onSuccess: () => {
                notifications.show({ message: `${TITLES[word]}: said. The next look acts on it.` });
                onClose();
              },
            })
          }
        >
          {TITLES[word]}
        </Button>
      </div>
    </Modal>
  );
}
