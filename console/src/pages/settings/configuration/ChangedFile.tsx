/** What a changed file would do: paste or drop it, see the difference, apply it. */
import { Button, FileButton, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type DragEvent, useState } from "react";
import { context, send } from "~/api/client";
import { type Answer, useChange } from "~/api/page";
import { ActionButton, format, Loading, Panel } from "~/kit";
import { Callout, Confirm, Refusal, said } from "../parts";
import css from "../settings.module.css";
import { type Change, Changes } from "./Changes";
import { type Parsed, parsed } from "./toml";

const MOST = 2_000_000; // characters

interface Difference {
  revision: number;
  changes: Change[];
  held: { kind: string; name: string; sentence: string }[];
}

export function ChangedFile({ onApplied }: { onApplied: () => void }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const [over, setOver] = useState(false);

  async function take(file: File | null | undefined) {
    if (!file) return;
    if (file.size > MOST)
      setWrong(`${file.name} has ${format.bytes(file.size)}; a configuration has less than 2 MB`);
    else {
      setWrong("");
      setText(await file.text());
    }
  }
  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  }

  return (
    <div className={css.editor}>
      <Panel
        title="A changed file"
        actions={
          <FileButton onChange={take} accept=".toml,.json,text/plain,application/json">
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={14} />}>
                Choose a file
              </Button>
            )}
          </FileButton>
        }
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first */}
        <div
          className={`${css.drop} ${over ? css.dropOn : ""}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <Textarea
            aria-label="volant.toml or JSON"
            placeholder={
              'Paste or drop a volant.toml, or the documents as JSON:\n\n[[tasks]]\nname = "helpdesk"\n…'
            }
            autosize
            minRows={16}
            maxRows={28}
            variant="unstyled"
            styles={{ input: { fontFamily: "var(--v-mono)", fontSize: 12, lineHeight: 1.6, padding: 0 } }}
            value={text}
            onChange={(event) => {
              setWrong("");
              setText(event.currentTarget.value);
            }}
          />
        </div>
        {wrong && <Callout tone="bad">{wrong}</Callout>}
      </Panel>
      <Panel title="What it would do" flush={false}>
        <Would text={text} onApplied={onApplied} />
      </Panel>
    </div>
  );
}

function Would({ text, onApplied }: { text: string; onApplied: () => void }) {
  const [asked] = useDebouncedValue(text, 300);
  if (!asked.trim()) {
    return (
      <p className={css.lead}>
        Nothing is changed by looking. The file is read in this browser; its tables of documents are compared
        with what holds on the server.
      </p>
    );
  }
  let found: Parsed;
  try {
    found = parsed(asked);
  } catch (error) {
    return (
      <Callout tone="bad" role="alert">
        The file cannot be read: {error instanceof Error ? error.message : String(error)}
      </Callout>
    );
  }
  return <Compared found={found} onApplied={onApplied} />;
}

function Compared({ found, onApplied }: { found: Parsed; onApplied: () => void }) {
  const [asking, setAsking] = useState(false);
  const difference = useQuery({
    queryKey: [context.project, "documents difference", found.documents],
    queryFn: () => send<Difference>("POST", "/api/v1/documents/diff", found.documents),
    retry: false,
    meta: { topics: ["settings"] },
  });
  const apply = useChange<void, void>(async () => {
    const applied = await send<Answer<"/api/v1/documents">>(
      "POST",
      "/api/v1/documents/apply",
      found.documents,
    );
    said(`Revision ${applied.revision} holds. Gateways have it within a second.`);
    onApplied();
  }, ["settings", "prompts", "audit"]);
  if (difference.error) return <Refusal error={difference.error} />;
  if (!difference.data) return <Loading rows={6} />;
  const { changes, held, revision } = difference.data;
  const counted = `${format.num(changes.length)} ${changes.length === 1 ? "change" : "changes"}`;
  return (
    <div className={css.form}>
      {found.left.length > 0 && (
        <Callout>
          {found.left.map((name) => `[${name}]`).join(" and ")} {found.left.length > 1 ? "are" : "is"} read
          when the server starts, and not compared here.
        </Callout>
      )}
      {changes.length === 0 ? (
        <Callout tone="ok">No difference: the server holds this configuration (revision {revision}).</Callout>
      ) : (
        <>
          <div className={css.messageHead}>
            <b>
              {counted} against revision {revision}
            </b>
            <ActionButton needs="configure" variant="filled" onClick={() => setAsking(true)}>
              Apply
            </ActionButton>
          </div>
          <div style={{ margin: "0 -16px" }}>
            <Changes changes={changes} />
          </div>
        </>
      )}
      {held.length > 0 && (
        <div className="second">
          <b>Stays as the loop decided:</b>
          <ul className={css.sentences} style={{ marginTop: 4, gap: 4 }}>
            {held.slice(0, 20).map((one) => (
              <li key={`${one.kind} ${one.name}`}>{one.sentence}</li>
            ))}
          </ul>
        </div>
      )}
      {asking && (
        <Confirm title={`Apply ${counted}`} label="Apply" change={apply} onClose={() => setAsking(false)}>
          It becomes revision {revision + 1}, and gateways follow within a second. Traffic that it names
          moves. What stands in no table of the file is removed from the configuration.
        </Confirm>
      )}
    </div>
  );
}
