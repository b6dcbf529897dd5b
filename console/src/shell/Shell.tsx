/** The frame around every signed-in page. */
import { spotlight } from "@mantine/spotlight";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useConnection } from "~/api/connection";
import { useLive } from "~/api/live";
import { useProject } from "~/session/session";
import { useKeyboard, useShortcuts } from "./keys";
import { Nav } from "./Nav";
import { Palette } from "./Palette";
import { PLACES } from "./places";
import { Shortcuts } from "./Shortcuts";
import css from "./shell.module.css";

export function Shell() {
  const [shortcuts, setShortcuts] = useState(false);
  const main = useRef<HTMLElement>(null);
  const navigate = useNavigate();
  const project = useProject();
  useKeyboard();
  useLive(project?.id ?? "");
  useShortcuts([
    ...PLACES.map(({ to, name, key }) => ({
      keys: `g ${key}`,
      label: name,
      group: "Go to",
      run: () => void navigate({ to }),
    })),
    { keys: "mod+k", label: "Search and jump", group: "Everywhere", run: spotlight.open },
    { keys: "?", label: "These shortcuts", group: "Everywhere", run: () => setShortcuts(true) },
  ]);

  return (
    <>
      <button type="button" className={css.skip} onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <div className={css.frame}>
        <Nav onShortcuts={() => setShortcuts(true)} />
        <main ref={main} id="main" tabIndex={-1} className={css.main}>
          <Lost />
          <div className={css.content}>
            <Outlet />
          </div>
        </main>
      </div>
      <Palette onShortcuts={() => setShortcuts(true)} />
      <Shortcuts opened={shortcuts} onClose={() => setShortcuts(false)} />
    </>
  );
}

function Lost() {
  const connection = useConnection();
  return (
    <div role="status" aria-live="polite">
      {connection === "lost" && (
        <div className={css.notice}>
          <IconPlugConnectedX size={15} aria-hidden />
          The server cannot be reached. What you see may be old; it comes back by itself.
        </div>
      )}
    </div>
  );
}
