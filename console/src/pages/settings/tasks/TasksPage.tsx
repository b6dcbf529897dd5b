/** Tasks and their variants as they stand, and the deployments behind them. */
import { SegmentedControl } from "@mantine/core";
import { IconBox } from "@tabler/icons-react";
import { useMemo } from "react";
import {
  CodeBlock,
  Empty,
  FilterBar,
  format,
  Loading,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { NotForYou } from "../NotForYou";
import { useSettings } from "../parts";
import css from "../settings.module.css";
import { columns, type Deployment } from "./columns";
import { DeploymentDrawer } from "./DeploymentDrawer";
import { TaskPanel } from "./TaskPanel";

const SHOWN = 30; // tasks at once; the filter finds the others

interface Url {
  show?: "tasks" | "deployments";
  q?: string;
  open?: string;
}

export function TasksPage() {
  const [url, setUrl] = useUrl<Url>();
  const settings = useSettings();
  const show = url.show ?? "tasks";
  const q = (url.q ?? "").toLowerCase();
  const wanted = show === "tasks" ? url.open : undefined; // a link to one task
  const tasks = useMemo(
    () =>
      (settings.data?.tasks ?? []).filter(
        ({ spec }) =>
          (!wanted || spec.name === wanted) &&
          (!q || `${spec.name} ${spec.description ?? ""}`.toLowerCase().includes(q)),
      ),
    [settings.data, q, wanted],
  );
  const deployments = useMemo(
    () =>
      (settings.data?.deployments ?? []).filter(
        (one) => !q || `${one.spec.name} ${one.spec.model} ${one.spec.provider}`.toLowerCase().includes(q),
      ),
    [settings.data, q],
  );
  const open = deployments.find((one) => show === "deployments" && one.spec.name === url.open);

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Tasks"
          about={
            settings.data &&
            `${counted(settings.data.tasks.length, "task")}, ${counted(settings.data.deployments.length, "deployment")}; volant.toml makes them, releases add to them`
          }
        />
      }
    >
      <FilterBar
        text={{
          value: url.q ?? "",
          onChange: (value) => setUrl({ q: value, open: undefined }),
          placeholder: show === "tasks" ? "Filter tasks" : "Filter deployments",
        }}
        end={
          <SegmentedControl
            size="xs"
            aria-label="Show"
            value={show}
            onChange={(value) => setUrl({ show: value as Url["show"], open: undefined, q: "" })}
            data={[
              { value: "tasks", label: "Tasks" },
              { value: "deployments", label: "Deployments" },
            ]}
          />
        }
      >
        {wanted && (
          <button type="button" className="link-button" onClick={() => setUrl({ open: undefined })}>
            All tasks
          </button>
        )}
      </FilterBar>
      {settings.error && !settings.data ? (
        <Problem error={settings.error} retry={() => settings.refetch()} />
      ) : settings.isPending ? (
        <Loading rows={12} />
      ) : show === "deployments" ? (
        <VirtualTable<Deployment>
          label="Deployments"
          rows={deployments}
          columns={columns}
          rowKey={(row) => row.spec.name}
          current={url.open}
          onOpen={(row) => setUrl({ open: row.spec.name }, true)}
          onMove={(row) => url.open && setUrl({ open: row.spec.name })}
          rowHeight={52}
          empty={<NotForYou title="No deployment matches" reason="Change the text above." />}
        />
      ) : tasks.length === 0 ? (
        q || wanted ? (
          <NotForYou title="No task matches" reason="Change the text above." />
        ) : (
          <NoTasks />
        )
      ) : (
        <section className={css.scrollTasks} tabIndex={0} aria-label="Tasks">
          {tasks.slice(0, SHOWN).map((task) => (
            <TaskPanel key={task.spec.name} task={task} deployments={settings.data?.deployments ?? []} />
          ))}
          {tasks.length > SHOWN && (
            <p className="quiet">{format.num(tasks.length - SHOWN)} more: filter by name.</p>
          )}
        </section>
      )}
      {open && <DeploymentDrawer deployment={open} onClose={() => setUrl({ open: undefined })} />}
    </Page>
  );
}

function counted(count: number, noun: string): string {
  return `${format.num(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const FIRST = `[[deployments]]
name = "gpt"
provider = "openai"
model = "gpt-4o-mini"
api_key_env = "OPENAI_API_KEY"

[[tasks]]
name = "assistant"
variants = [{ name = "first", deployments = ["gpt"] }]`;

function NoTasks() {
  return (
    <Empty title="No task yet" icon={IconBox}>
      <p>A task is what applications ask for. Write one into volant.toml, then run volant apply.</p>
      <div style={{ marginTop: 12, textAlign: "left" }}>
        <CodeBlock value={FIRST} label="volant.toml" />
      </div>
    </Empty>
  );
}
