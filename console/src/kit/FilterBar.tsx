/** Filters above a table: a text field and chips with choices; their state lives in the URL (useUrl). */
import { ActionIcon, Menu, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconCheck, IconPlus, IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useShortcuts } from "~/shell/keys";
import css from "./kit.module.css";

export interface Choice {
  value: string;
  label?: ReactNode;
}

/** The bar. `text` is the free text field; children are chips; `end` stands at the right. */
export function FilterBar({
  text,
  children,
  end,
}: {
  text?: { value: string; onChange: (value: string) => void; placeholder: string };
  children?: ReactNode;
  end?: ReactNode;
}) {
  return (
    <search className={css.filterBar}>
      {text && <SearchField {...text} />}
      {children}
      {end && <div className={css.headerActions}>{end}</div>}
    </search>
  );
}

function SearchField({
  value,
  onChange,
  placeholder,
}: {
  value: string;
  onChange: (value: string) => void;
  placeholder: string;
}) {
  const [shown, setShown] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const sent = useRef(value);
  const send = useDebouncedCallback((text: string) => {
    sent.current = text;
    onChange(text);
  }, 200);
  useEffect(() => {
    if (value === sent.current) return; // what was sent comes back, and more may have been typed since
    sent.current = value;
    setShown(value);
  }, [value]);
  useShortcuts([{ keys: "/", label: "Filter", run: () => field.current?.focus() }]);
  return (
    <TextInput
      ref={field}
      size="xs"
      w={240}
      value={shown}
      placeholder={placeholder}
      aria-label={placeholder}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={
        shown ? (
          <ActionIcon
            size={18}
            aria-label="Clear"
            onClick={() => {
              send.cancel(); // what was typed a moment ago
              setShown("");
              sent.current = "";
              onChange("");
            }}
          >
            <IconX size={12} />
          </ActionIcon>
        ) : undefined
      }
      onChange={(event) => {
        setShown(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

/** One filter. Several values may be chosen unless `single`. */
export function FilterChip({
  name,
  choices,
  chosen,
  onChange,
  single,
  shown,
}: {
  name: string;
  choices: Choice[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  single?: boolean;
  shown?: string; // what the chip says of the chosen, where values are ids
}) {
  const on = chosen.length > 0;
  function toggle(value: string) {
    const has = chosen.includes(value);
    if (single) onChange(has ? [] : [value]);
    else onChange(has ? chosen.filter((one) => one !== value) : [...chosen, value]);
  }
  const words = shown ?? chosen.map((value) => value.replaceAll("_", " ")).join(", ");
  return (
    <Menu closeOnItemClick={!!single} position="bottom-start">
      <Menu.Target>
        <button type="button" className={`${css.chip} ${on ? css.chipOn : ""}`}>
          {!on && <IconPlus size={12} aria-hidden />}
          {name}
          {on && `: ${words}`}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(({ value, label }) => (
          <Menu.Item
            key={value}
            onClick={() => toggle(value)}
            rightSection={chosen.includes(value) ? <IconCheck size={14} aria-label="chosen" /> : undefined}
          >
            {label ?? value}
          </Menu.Item>
        ))}
        {choices.length === 0 && <Menu.Label>Nothing to choose yet</Menu.Label>}
        {on && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => onChange([])}>Clear</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
