/** Sign a review: a decision, a comment, and the evidence that it is bound to. */
import { Button, Modal, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { Problem } from "~/kit";
import { useSession } from "~/session/session";
import type { ReleaseView } from "./looks";
import css from "./releases.module.css";

export function ReviewDialog({
  view,
  decision,
  onClose,
}: {
  view: ReleaseView;
  decision: "approve" | "reject";
  onClose: () => void;
}) {
  const [comment, setComment] = useState("");
  const { person } = useSession();
  const approves = decision === "approve";
  const sign = useChange(async () => {
    const { data } = await api.POST("/api/v1/reviews", {
      body: {
        subject_kind: "release",
        subject_id: view.release.id,
        evidence_hash: view.evidence_hash,
        decision,
        comment,
      },
    });
    return data;
  }, ["reviews", "releases"]);
  return (
    <Modal
      opened
      onClose={onClose}
      size={560}
      title={`${approves ? "Approve" : "Refuse"} the release of ${view.release.variant}`}
    >
      <p style={{ marginTop: 0 }}>
        You sign as {person.name} that you {approves ? "approve" : "refuse"} it, on what stands on this page:{" "}
        {view.checklist.length} rules of the gate {view.gate} and their reports. The signature holds for this
        evidence only; if any of it changes, it counts no more.
      </p>
      <div style={{ display: "grid", gap: 4, marginBottom: 16 }}>
        <span className="quiet">Evidence (SHA-256)</span>
        <code className={`mono ${css.hash}`}>{view.evidence_hash}</code>
      </div>
      <Textarea
        label="Comment"
        autosize
        minRows={2}
        value={comment}
        data-autofocus
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {sign.error && <Problem error={sign.error} />}
      <div className={css.actions}>
        <Button variant="default" onClick={onClose}>
          Not now
        </Button>
        <Button
          color={approves ? undefined : "red.9"}
          loading={sign.isPending}
          onClick={() =>
            sign.mutate(undefined, {
              onSuccess: () => {
                notifications.show({ message: approves ? "Signed: approved." : "Signed: refused." });
                onClose();
              },
            })
          }
        >
          {approves ? "Sign: approve" : "Sign: refuse"}
        </Button>
      </div>
    </Modal>
  );
}
