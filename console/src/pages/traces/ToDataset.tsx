/** Answers become rows: choose the dataset, see what becomes of each answer, then begin the next version. */
import { Button, Modal, NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { useChange, usePage } from "~/api/page";
import { ActionButton, format, Loaded, Problem } from "~/kit";
import { useRefusal } from "~/session/session";
import { grouped, newestOf, type Outcome } from "./dataset";
import css from "./dataset.module.css";

interface Props {
  ids: string[];
  task: string; // of the first: its dataset is proposed
  onClose: () => void;
  onAdded: () => void;
}

interface DialogProps extends Omit<Props, "onClose" | "onAdded"> {
  onClose: (added: boolean) => void;
}

export function ToDataset({ ids, task, onClose }: DialogProps) {
  const [added, setAdded] = useState(false);
  const close = () => onClose(added);
  const lacks = [useRefusal("data"), useRefusal("content")].find(Boolean);
  return (
    <Modal opened onClose={close} title={`${answers(ids.length)} to a dataset`} size={580}>
      {lacks ? (
        <p style={{ margin: 0 }}>{lacks}</p>
      ) : (
        <Steps ids={ids} task={task} onClose={close} onAdded={() => setAdded(true)} />
      )}
    </Modal>
  );
}

function Steps({ ids, task, onClose, onAdded }: Props) {
  const found = usePage("/api/v1/datasets", {}, ["datasets"]);
  return (
    <Loaded query={found} rows={3}>
      {({ data }) => (
        <Form versions={newestOf(data)} ids={ids} task={task} onClose={onClose} onAdded={onAdded} />
      )}
    </Loaded>
  );
}

function Form({ versions, ids, task, onClose, onAdded }: Props & { versions: ReturnType<typeof newestOf> }) {
  const [name, setName] = useState(
    () => versions.find((one) => one.name === task)?.name ?? versions[0]?.name ?? "",
  );
  const look = useChange(() => send(name, ids, true), []);
  const add = useChange(() => send(name, ids, false), ["datasets"]);
  const seen = look.data;
  function next(event?: FormEvent) {
    event?.preventDefault();
    if (!name || look.isPending || add.isPending) return;
    if (!seen) look.mutate(undefined);
    else if (seen.added > 0) add.mutate(undefined, { onSuccess: (made) => made.version_id && onAdded() });
  }
  if (versions.length === 0)
    return (
      <p style={{ margin: 0 }}>There is no dataset yet. Import files first: a version begins from one.</p>
    );
  if (add.data) return <Done name={name} made={add.data} onClose={onClose} />;
  return (
    <form onSubmit={next}>
      <NativeSelect
        label="Dataset"
        description="Its next version begins from the newest one, which stays as it is"
        data={versions.map((one) => ({ value: one.name, label: `${one.name}, now v${one.version}` }))}
        value={name}
        data-autofocus
        onChange={(event) => {
          setName(event.currentTarget.value);
          look.reset();
          add.reset();
        }}
      />
      {seen ? (
        <Result seen={seen} />
      ) : (
        <p className={css.note}>
          An answer becomes a row where somebody accepted it, or gave the right one. Looking is noted in the
          audit log.
        </p>
      )}
      {(look.error ?? add.error) && <Problem error={look.error ?? add.error} />}
      <div className={css.actions}>
        <Button variant="default" onClick={onClose}>
          Leave it
        </Button>
        {seen ? (
          <ActionButton
            variant="filled"
            onClick={() => next()}
            refused={seen.added === 0 ? "None of them can become a row" : ""}
            loading={add.isPending}
          >
            Add {rows(seen.added)} to {name}
          </ActionButton>
        ) : (
          <Button type="submit" loading={look.isPending}>
            See what becomes rows
          </Button>
        )}
      </div>
    </form>
  );
}

async function send(name: string, ids: string[], dry_run: boolean): Promise<Outcome> {
  const { data } = await api.POST("/api/v1/datasets/{name}/from-traces", {
    params: { path: { name } },
    body: { inference_ids: ids, purpose: "training", legal_basis: "legitimate_interest", dry_run },
  });
  return data as Outcome;
}

function Result({ seen }: { seen: Outcome }) {
  const figures: [string, number][] = [
    ["Become rows", seen.added],
    ...Object.entries(seen.splits).map(([split, count]): [string, number] => [`To ${split}`, count]),
    ["Redacted", seen.redacted],
    ["Refused", seen.refused.length],
  ];
  return (
    <div className={css.result} role="status">
      <dl className={css.counts}>
        {figures.map(([label, count]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{format.num(count)}</dd>
          </div>
        ))}
      </dl>
      <Refused seen={seen} />
    </div>
  );
}

/** Why some become no row: each reason with its answers. */
function Refused({ seen }: { seen: Outcome }) {
  if (seen.refused.length === 0) return null;
  return (
    <section className={css.refused} aria-label="Refused" tabIndex={0}>
      <ul>
        {grouped(seen.refused).map(({ reason, ids }) => (
          <li key={reason}>
            <span>{format.title(reason)}</span>
            <span className="quiet mono">
              {ids.length > 3 ? `${format.num(ids.length)} answers` : ids.map(format.shortId).join(", ")}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Done({ name, made, onClose }: { name: string; made: Outcome; onClose: () => void }) {
  return (
    <>
      <p style={{ margin: 0 }} role="status">
        {made.version_id ? (
          <>
            A new version of {name} has {rows(made.added)} more:{" "}
            <Link to="/datasets/$version" params={{ version: made.version_id }} className="text-link">
              open the new version
            </Link>
            .
          </>
        ) : (
          `None of them became a row; ${name} is as it was.`
        )}
      </p>
      <Result seen={made} />
      <div className={css.actions}>
        <Button onClick={onClose} data-autofocus>
          Close
        </Button>
      </div>
    </>
  );
}

export function answers(count: number): string {
  return `${format.num(count)} ${count === 1 ? "answer" : "answers"}`;
}

function rows(count: number): string {
  return `${format.num(count)} ${count === 1 ? "row" : "rows"}`;
}
