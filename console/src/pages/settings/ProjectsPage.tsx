/** Projects: those that one works in; a new one by admins of the installation. */
import { TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, context } from "~/api/client";
import { useChange } from "~/api/page";
import { queryClient } from "~/api/query";
import {
  ActionButton,
  Ago,
  type Column,
  Num,
  Page,
  PageHeader,
  Problem,
  Tag,
  useUrl,
  VirtualTable,
} from "~/kit";
import { remember, sessionQuery, useSession } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { FormDialog, type Settings, said, useSettings } from "./parts";
import css from "./settings.module.css";

type Project = Settings["projects"][number];

const columns: Column<Project>[] = [
  {
    id: "name",
    head: "Project",
    width: "minmax(200px, 2fr)",
    cell: (row) => (
      <span className={css.tags}>
        <span className={css.name}>{row.id}</span>
        {row.id === context.project && <Tag tone="accent">this window</Tag>}
      </span>
    ),
  },
  {
    id: "role",
    head: "Your role",
    width: "minmax(140px, 1fr)",
    cell: (row) => row.role || "admin of the installation",
  },
  { id: "members", head: "Members", width: "80px", right: true, cell: (row) => <Num value={row.members} /> },
  { id: "made", head: "Made", width: "96px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];

export function ProjectsPage() {
  const [url, setUrl] = useUrl<{ make?: true }>();
  const settings = useSettings();
  const { person } = useSession();
  const navigate = useNavigate();
  const refused = person.installation_admin ? "" : "Only an admin of the installation makes projects.";
  const make = () => !refused && setUrl({ make: true });
  useShortcuts([{ keys: "n", label: "New project", run: make }]);

  async function work(project: Project) {
    if (project.id === context.project) return;
    await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 }); // it may be newer than the session's list
    remember(project.id);
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    // biome-ignore lint/suspicious/noExplicitAny: every page below _app takes `project`
    void navigate({ to: "/", search: { project: project.id } as any });
  }

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Projects"
          about="Data, people and keys of one project are never seen from another"
          actions={
            <ActionButton refused={refused} leftSection={<IconPlus size={14} />} onClick={make}>
              New project
            </ActionButton>
          }
        />
      }
    >
      {settings.error && !settings.data ? (
        <Problem error={settings.error} retry={() => settings.refetch()} />
      ) : (
        <VirtualTable<Project>
          label="Projects"
          rows={settings.data?.projects ?? []}
          columns={columns}
          rowKey={(row) => row.id}
          onOpen={(row) => void work(row)}
          loading={settings.isPending}
        />
      )}
      {url.make && <NewProject onClose={() => setUrl({ make: undefined })} />}
    </Page>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const change = useChange(
    () => api.POST("/api/v1/projects", { body: { name: name.trim() } }),
    ["people", "settings"],
  );
  return (
    <FormDialog
      title="New project"
      label="Make the project"
      change={change}
      disabled={!name.trim()}
      submit={() =>
        change.mutate(undefined, {
          onSuccess: () => {
            void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
            said(`The project ${name.trim()} is there. Its row opens it.`);
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="It is the project's id and stays: letters, digits, hyphens."
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
