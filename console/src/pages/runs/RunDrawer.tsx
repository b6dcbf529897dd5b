/** One run: live, its checkpoints, its log, its settings; stop it, let it go on. */
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "~/api/client";
import { useChange, usePage } from "~/api/page";
import { ActionButton, CodeBlock, Drawer, Empty, format, Loaded, Problem, StatusBadge } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { Confirm } from "./Confirm";
import { Checkpoints, Settings } from "./facts";
import { Live } from "./Live";
import css from "./runs.module.css";
import type { RunView } from "./series";

export const TABS = ["live", "checkpoints", "log", "settings"] as const;
export type Tab = (typeof TABS)[number];

export function RunDrawer({
  id,
  tab,
  onTab,
  onClose,
}: {
  id: string;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onClose: () => void;
}) {
  const view = usePage("/api/v1/views/runs/{run_id}", { path: { run_id: id } }, ["runs", "progress"]);
  const shown = view.data?.run.id === id ? view.data : undefined;
  useShortcuts(
    TABS.map((one, number) => ({ keys: String(number + 1), label: `Tab ${one}`, run: () => onTab(one) })),
  );
  const title = shown ? `${format.title(shown.run.kind)}: ${shown.run.title}` : "Run";
  return (
    <Drawer
      title={title}
      label={title}
      width={960}
      onClose={onClose}
      actions={
        shown && (
          <>
            <StatusBadge state={shown.run.state} />
            <Actions view={shown} />
          </>
        )
      }
    >
      <div role="tablist" aria-label="Parts of the run" className={css.tabs}>
        {TABS.map((one) => (
          <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => onTab(one)}>
            {named(one, shown)}
          </button>
        ))}
      </div>
      <Loaded query={view}>
        {(data) => (
          <>
            {tab === "live" && <Live view={data} />}
            {tab === "checkpoints" && <Checkpoints view={data} />}
            {tab === "settings" && <Settings view={data} />}
            {tab === "log" &&
              (data.log.length > 0 ? (
                <CodeBlock value={data.log.join("\n")} wrap label="Log" />
              ) : (
                <Empty title="Nothing was logged">
                  <p>Only lines that a logger wrote are shown: others may quote data.</p>
                </Empty>
              ))}
          </>
        )}
      </Loaded>
    </Drawer>
  );
}

function named(tab: Tab, view: RunView | undefined): string {
  const name = tab === "live" ? "Progress" : format.title(tab);
  return tab === "checkpoints" && view ? `${name} (${view.checkpoints.length})` : name;
}

function Actions({ view }: { view: RunView }) {
  const [asked, setAsked] = useState<"stop" | "resume">();
  const path = { run_id: view.run.id };
  const stop = useChange(() => api.POST("/api/v1/runs/{run_id}/cancel", { params: { path } }), ["runs"]);
  const resume = useChange(
    () => api.POST("/api/v1/runs/{run_id}/resume", { params: { path }, body: { name: "" } }),
    ["runs"],
  );
  const change = asked === "stop" ? stop : resume;
  return (
    <>
      {view.may_stop ? (
        <ActionButton
          needs="train"
          leftSection={<IconPlayerStop size={14} aria-hidden />}
          onClick={() => setAsked("stop")}
        >
          Stop
        </ActionButton>
      ) : (
        <ActionButton
          needs="train"
          refused={view.may_resume ? "" : view.resume_sentence}
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={() => setAsked("resume")}
        >
          Resume
        </ActionButton>
      )}
      {asked && (
        <Confirm
          title={asked === "stop" ? "Stop this run?" : "Let this run go on?"}
          yes={asked === "stop" ? "Stop it" : "Resume it"}
          danger={asked === "stop"}
          busy={change.isPending}
          onNo={() => setAsked(undefined)}
          onYes={() => change.mutate(undefined, { onSuccess: () => setAsked(undefined) })}
        >
          {asked === "stop"
            ? "It ends now, and the workflow that waits for it with it. Its checkpoints stay: it can go on from the newest."
            : view.resume_sentence}
          {change.error && <Problem error={change.error} />}
        </Confirm>
      )}
    </>
  );
}
