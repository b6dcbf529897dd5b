/** What the keyboard can do here: opened by `?`. */
import { Modal } from "@mantine/core";
import { Key } from "~/kit/values";
import { keyNames, type Shortcut, useAllShortcuts } from "./keys";
import css from "./shell.module.css";

export function Shortcuts({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const all = useAllShortcuts();
  const groups = new Map<string, Shortcut[]>();
  for (const one of all) {
    const group = one.group ?? "This page";
    groups.set(group, [...(groups.get(group) ?? []).filter((other) => other.keys !== one.keys), one]);
  }
  const order = [...groups.keys()].sort((a, b) => Number(b === "This page") - Number(a === "This page"));
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <div className={css.shortcuts}>
        {order.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            {(groups.get(group) ?? []).map((one) => (
              <div key={one.keys} className={css.shortcut}>
                <span>{one.label}</span>
                <span className={css.keys}>
                  {keyNames(one.keys).map((key) => (
                    <Key key={key}>{key}</Key>
                  ))}
                </span>
              </div>
            ))}
          </section>
        ))}
      </div>
    </Modal>
  );
}
