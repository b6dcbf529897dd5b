/** A question that was tried becomes a test case: the dataset's next version has it. */
import { Button, Modal, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "~/api/client";
import { useChange } from "~/api/page";
import { Problem } from "~/kit";
import css from "./playground.module.css";

interface Props {
  datasets: string[];
  dataset: string;
  question: string;
  label: string;
  inference_id: string;
  onClose: () => void;
}

export function CaseDialog({ datasets, dataset, question, label, inference_id, onClose }: Props) {
  const [name, setName] = useState(dataset);
  const [asked, setAsked] = useState(question);
  const [right, setRight] = useState(label);
  const keep = useChange(async () => {
    const { data } = await api.POST("/api/v1/datasets/{name}/cases", {
      params: { path: { name } },
      body: { question: asked, label: right, split: "test", inference_id },
    });
    return data;
  }, ["datasets"]);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!keep.isPending) keep.mutate(undefined);
  }
  return (
    <Modal opened onClose={onClose} title="Save as a test case" size={520}>
      {keep.data ? (
        <>
          <p role="status" style={{ margin: 0 }}>
            A new version of {name} has it in its test
            {keep.data.redacted ? ", with personal data redacted" : ""}:{" "}
            <Link to="/datasets/$version" params={{ version: keep.data.version_id }} className="text-link">
              open the new version
            </Link>
            .
          </p>
          <div className={css.actions}>
            <Button onClick={onClose}>Close</Button>
          </div>
        </>
      ) : (
        <form onSubmit={submit} className={css.form}>
          <NativeSelect
            label="Dataset"
            description="Its next version begins from the newest one, which stays as it is"
            data={datasets}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Question"
            autosize
            minRows={2}
            maxRows={8}
            value={asked}
            onChange={(event) => setAsked(event.currentTarget.value)}
          />
          <TextInput
            label="Right answer"
            description="The intent that a model should say"
            value={right}
            onChange={(event) => setRight(event.currentTarget.value)}
            data-autofocus
            required
          />
          {keep.error && <Problem error={keep.error} />}
          <div className={css.actions}>
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <Button type="submit" loading={keep.isPending}>
              Save
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
