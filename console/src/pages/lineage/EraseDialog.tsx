/** Begin an erasure: name the person, see what it touches, name them again. The name stands in no address. */
import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { type Answer, get, useChange } from "~/api/page";
import { format, Problem, Tag, useUrl } from "~/kit";
import { useRefusal } from "~/session/session";
import type { LineageUrl } from "./LineagePage";
import css from "./lineage.module.css";
import { plural } from "./Picture";
import { kindName } from "./picture";

type Impact = Answer<"/api/v1/views/lineage/impact">;

export function EraseDialog({ onClose }: { onClose: () => void }) {
  const refusal = useRefusal("erase");
  const [user, setUser] = useState("");
  const look = useChange(
    (name: string) => get("/api/v1/views/lineage/impact", { query: { user: name } }),
    [],
  );
  const found = look.data;
  function ask(event: FormEvent) {
    event.preventDefault();
    look.mutate(user);
  }
  return (
    <Modal opened onClose={onClose} title="Erase a person" size={560}>
      {refusal ? (
        <p style={{ margin: 0 }}>{refusal}</p>
      ) : (
        <>
          <form onSubmit={ask}>
            <TextInput
              label="User"
              description="As the application names them; it is turned into their hash and kept nowhere else"
              value={user}
              data-autofocus
              readOnly={!!found}
              onChange={(event) => setUser(event.currentTarget.value)}
            />
            {!found && (
              <div className={css.actions}>
                <Button variant="default" onClick={onClose}>
                  Leave it
                </Button>
                <Button type="submit" disabled={!user} loading={look.isPending}>
                  See what it touches
                </Button>
              </div>
            )}
          </form>
          {look.error && <Problem error={look.error} />}
          {found && <Confirm user={user} found={found} onBack={look.reset} />}
        </>
      )}
    </Modal>
  );
}

function Confirm({ user, found, onBack }: { user: string; found: Impact; onBack: () => void }) {
  const [, setUrl] = useUrl<LineageUrl>();
  const [again, setAgain] = useState("");
  const [reason, setReason] = useState("");
  const erase = useChange(async () => {
    const { data } = await api.POST("/api/v1/erasures", { body: { user, subject: "", reason } });
    return data;
  }, ["erasures"]);
  function begin(event: FormEvent) {
    event.preventDefault();
    if (again !== user) return;
    erase.mutate(undefined, {
      onSuccess: (started) =>
        setUrl({ erase: undefined, tab: "erasures", erasure: started?.object_id || undefined }, true),
    });
  }
  return (
    <form onSubmit={begin}>
      <Touched found={found} />
      <TextInput
        label="Reason"
        description="Stands in the receipt"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        mt={12}
        label="Type the user's name again"
        description="Nothing brings back what is removed"
        value={again}
        autoComplete="off"
        onChange={(event) => setAgain(event.currentTarget.value)}
      />
      {erase.error && <Problem error={erase.error} />}
      <div className={css.actions}>
        <Button variant="default" onClick={onBack}>
          Another person
        </Button>
        <Button type="submit" color="red.9" disabled={again !== user} loading={erase.isPending}>
          Erase for ever
        </Button>
      </div>
    </form>
  );
}

function Touched({ found }: { found: Impact }) {
  const counts = found.counts.filter((one) => one.count > 0);
  if (counts.length === 0)
    return (
      <div className={css.touched} role="status">
        <span>
          <Tag tone="warn">Nothing found</Tag> Nothing is kept of a person of this name. Is it spelled as the
          application does? Erasing them all the same keeps late records of theirs out.
        </span>
      </div>
    );
  return (
    <div className={css.touched} role="status">
      <span>It touches, of theirs and made from it:</span>
      <dl className={css.counts}>
        {counts.map((one) => (
          <div key={one.kind}>
            <dt>{plural(kindName(one.kind), one.count)}</dt>
            <dd>{format.num(one.count)}</dd>
          </div>
        ))}
      </dl>
      {found.live_models.length > 0 && (
        <span>
          <Tag tone="warn">
            {found.live_models.length === 1 ? "A model" : `${found.live_models.length} models`}
          </Tag>{" "}
          that learned from them serves now: it is flagged, and serves until it is trained again.
        </span>
      )}
    </div>
  );
}
