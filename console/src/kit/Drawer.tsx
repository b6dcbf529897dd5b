/** A drawer beside the page, open while the address says so. Escape closes it; the page behind stays usable. */
import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useShortcuts } from "~/shell/keys";
import css from "./kit.module.css";
import { Boundary } from "./Panel";

interface Props {
  title: ReactNode;
  label: string; // for those who hear it
  actions?: ReactNode;
  width?: number; // pixels
  onClose: () => void;
  children: ReactNode;
}

/** Render it only while it is open: `{open && <Drawer …/>}`, with `open` from useUrl(). */
export function Drawer({ title, label, actions, width = 640, onClose, children }: Props) {
  const box = useRef<HTMLElement>(null);
  useShortcuts([{ keys: "Escape", label: "Close", run: onClose }]);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (box.current?.contains(document.activeElement) && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <aside
      ref={box}
      className={css.drawer}
      aria-label={label}
      style={{ ["--drawer-width" as string]: `${width}px` }}
    >
      <div className={css.drawerHead}>
        <h2>{title}</h2>
        <div className={css.headerActions}>
          {actions}
          <ActionIcon onClick={onClose} aria-label="Close">
            <IconX size={16} />
          </ActionIcon>
        </div>
      </div>
      <section className={css.drawerBody} tabIndex={0} aria-label={`${label}: content`}>
        <Boundary>{children}</Boundary>
      </section>
    </aside>
  );
}
