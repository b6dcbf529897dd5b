/** Code and JSON as text: coloured for JSON, never HTML, a button to copy. Long texts are cut with a way to see all. */
import { ActionIcon, Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Fragment, useMemo, useState } from "react";
import { type Part, parts } from "./json";
import css from "./kit.module.css";

const SHOWN = 20_000; // characters

/** `value`: a text as it is, or anything else as indented JSON. */
export function CodeBlock({ value, wrap, label }: { value: unknown; wrap?: boolean; label?: string }) {
  const [all, setAll] = useState(false);
  const clipboard = useClipboard({ timeout: 1200 });
  const isText = typeof value === "string";
  const full = useMemo(() => (isText ? value : (JSON.stringify(value, null, 2) ?? "")), [isText, value]);
  const text = all ? full : full.slice(0, SHOWN);
  const pieces = useMemo<Part[]>(() => (isText ? [["plain", text]] : parts(text)), [isText, text]);
  return (
    <div className={`${css.code} ${wrap ? css.wrap : ""}`}>
      <pre role="region" tabIndex={0} aria-label={label ?? "Code"}>
        {pieces.map(([kind, piece], number) => {
          const name = CLASS[kind];
          return name ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change its order
            <span key={number} className={name}>
              {piece}
            </span>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <Fragment key={number}>{piece}</Fragment>
          );
        })}
      </pre>
      <ActionIcon size={24} aria-label="Copy" onClick={() => clipboard.copy(full)}>
        {clipboard.copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
      {full.length > text.length && (
        <Button variant="subtle" fullWidth onClick={() => setAll(true)}>
          Show all {full.length.toLocaleString("en-US")} characters
        </Button>
      )}
    </div>
  );
}

const CLASS = {
  plain: undefined,
  key: css.jsonKey,
  string: css.jsonString,
  number: css.jsonNumber,
  word: css.jsonWord,
};
