/** Loop, the home page: where each model version stands, what stops it, what needs a person, what began what. */
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import { type Answer, usePage } from "~/api/page";
import { CodeBlock, Empty, Loaded, Page, PageHeader, Panel, useUrl } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { To } from "~/shell/To";
import { Attention } from "./Attention";
import { Causes } from "./Causes";
import { Figures } from "./Figures";
import css from "./loop.module.css";
import { Ring } from "./Ring";
import { STAGES, type Stage, type TaskLoop, toneOf } from "./ring";
import { AlertDrawer, StageDrawer } from "./StageDrawer";

type View = Answer<"/api/v1/views/loop">;

export function LoopPage() {
  const [url, setUrl] = useUrl<{ task?: string; open?: string }>();
  const view = usePage("/api/v1/views/loop", {}, [
    "runs",
    "models",
    "datasets",
    "reports",
    "releases",
    "reviews",
    "alerts",
    "erasures",
    "settings",
    "traces",
    "feedback",
  ]);
  const tasks = view.data?.tasks ?? [];
  const loop = tasks.find((one) => one.task === url.task) ?? tasks[0];
  const step = (by: number) => {
    const next = tasks[(tasks.indexOf(loop as TaskLoop) + by + tasks.length) % tasks.length];
    if (next) setUrl({ task: next.task, open: undefined }, true);
  };
  useShortcuts([
    ...STAGES.map(({ id, name }, number) => ({
      keys: String(number + 1),
      label: `Stage ${name}`,
      run: () => setUrl({ open: id }, true),
    })),
    ...(tasks.length > 1
      ? [
          { keys: "]", label: "Next task", run: () => step(1) },
          { keys: "[", label: "Task before", run: () => step(-1) },
        ]
      : []),
  ]);
  const close = () => setUrl({ open: undefined });
  const stage = STAGES.find(({ id }) => id === url.open)?.id;

  return (
    <Page
      header={
        <PageHeader
          title="Loop"
          about={loop?.description}
          actions={
            tasks.length > 1 && (
              <Tasks
                tasks={tasks}
                chosen={loop}
                onChoose={(task) => setUrl({ task, open: undefined }, true)}
              />
            )
          }
        />
      }
    >
      <Loaded query={view} rows={20} isEmpty={(data) => data.tasks.length === 0} empty={<NoTask />}>
        {(data) =>
          loop && <Body data={data} loop={loop} open={stage} onOpen={(open) => setUrl({ open }, true)} />
        }
      </Loaded>
      {stage && loop && <StageDrawer loop={loop} stage={stage} onClose={close} />}
      {url.open?.startsWith("alr_") && <AlertDrawer id={url.open} onClose={close} />}
    </Page>
  );
}

function Body({
  data,
  loop,
  open,
  onOpen,
}: {
  data: View;
  loop: TaskLoop;
  open?: Stage;
  onOpen: (stage: Stage) => void;
}) {
  const blocked = loop.stages.filter((stage) => stage.standing === "blocked");
  return (
    <>
      <Figures loop={loop} now_ms={data.now_ms} />
      <div className={css.grid}>
        <Panel title={loop.task} className={css.ringPanel}>
          <Ring loop={loop} now_ms={data.now_ms} open={open} onOpen={onOpen} />
          {blocked.map((stage) => (
            <div key={stage.stage} className={css.blockedNote} role="note">
              <IconAlertTriangle size={17} aria-hidden />
              <div>
                Blocked at {STAGES.find(({ id }) => id === stage.stage)?.name}: {stage.sentence}{" "}
                {stage.link && <To link={stage.link}>See why</To>}
              </div>
            </div>
          ))}
        </Panel>
        <div className={css.side}>
          <Attention items={data.attention} named={data.tasks.length > 1} />
          <Causes task={loop.task} trainings={loop.trainings} />
        </div>
      </div>
    </>
  );
}

function Tasks({
  tasks,
  chosen,
  onChoose,
}: {
  tasks: TaskLoop[];
  chosen?: TaskLoop;
  onChoose: (task: string) => void;
}) {
  return (
    <fieldset className={css.tasks} style={{ border: 0, margin: 0 }} aria-label="Task">
      {tasks.map((one) => (
        <button
          key={one.task}
          type="button"
          className={`${css.task} ${css[worst(one)]}`}
          aria-pressed={one === chosen}
          onClick={() => onChoose(one.task)}
        >
          <i aria-hidden />
          {one.task}
          {worst(one) === "bad" && <span className="hidden-text">, blocked</span>}
        </button>
      ))}
    </fieldset>
  );
}

function worst(loop: TaskLoop) {
  const tones = loop.stages.map(toneOf);
  return (["bad", "warn", "ok", "info"] as const).find((tone) => tones.includes(tone)) ?? "idle";
}

function NoTask() {
  return (
    <Empty title="No task yet" icon={IconRefresh}>
      <p>
        A task is what your application asks for: a question in, an answer out. Write the first one, or watch
        a whole loop run on public data.
      </p>
      <div style={{ width: 360, margin: "16px auto", textAlign: "left" }}>
        <CodeBlock value={"volant init && volant apply\nvolant demo"} label="Commands" />
      </div>
    </Empty>
  );
}
