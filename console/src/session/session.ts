/** The session: who is signed in, in which project, and what they may do there. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { context, send } from "~/api/client";
import { ApiError } from "~/api/errors";
import { queryClient } from "~/api/query";

export type Permission =
  | "inference"
  | "feedback"
  | "read"
  | "content"
  | "configure"
  | "data"
  | "train"
  | "evaluate"
  | "review"
  | "release"
  | "operate"
  | "keys"
  | "erase"
  | "audit"
  | "people";

export interface Person {
  id: string;
  name: string;
  email: string;
  installation_admin: boolean;
}

export interface ProjectRole {
  id: string;
  name: string;
  role: string;
  permissions: Permission[];
}

export interface Session {
  person: Person;
  projects: ProjectRole[];
  csrf: string;
  expires_ms: number;
}

export interface Methods {
  password: boolean;
  oidc: { name: string; label: string }[];
  setup: boolean;
}

export interface Invitation {
  email: string;
  role: string;
  project: string;
  expires_ms: number;
  setup: boolean;
}

const REMEMBERED = "volant-project";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => take(await send<Session>("GET", "/api/v1/session")),
  staleTime: 5 * 60_000,
  retry: (count, error) => !(error instanceof ApiError && error.status < 500) && count < 3,
});

export const methodsQuery = queryOptions({
  queryKey: ["session", "methods"],
  queryFn: () => send<Methods>("GET", "/api/v1/session/methods"),
  staleTime: 60_000,
});

export function invitationQuery(token: string) {
  return queryOptions({
    queryKey: ["session", "invitation", token],
    queryFn: () => send<Invitation>("GET", `/api/v1/session/invitation?token=${encodeURIComponent(token)}`),
    retry: false,
  });
}

export async function signIn(email: string, password: string): Promise<Session> {
  return keep(await send<Session>("POST", "/api/v1/session", { email, password }));
}

export async function accept(body: { token: string; name: string; email: string; password: string }) {
  return keep(await send<Session>("POST", "/api/v1/session/accept", body));
}

export async function signOut(): Promise<void> {
  await send("DELETE", "/api/v1/session");
  forget();
}

/** Nothing of the person before stays in this window. */
export function forget() {
  context.csrf = "";
  context.project = "";
  queryClient.clear();
}

function keep(session: Session): Session {
  queryClient.setQueryData(sessionQuery.queryKey, take(session));
  return session;
}

function take(session: Session): Session {
  context.csrf = session.csrf;
  return session;
}

/** The project of this window: the address says it, else the last one used, else the first. */
export function chooseProject(session: Session, wanted: string | undefined): ProjectRole | undefined {
  const by = (id: string | null | undefined) => session.projects.find((one) => one.id === id);
  const chosen = by(wanted) ?? by(remembered()) ?? session.projects[0];
  context.project = chosen?.id ?? "";
  return chosen;
}

export function remember(project: string) {
  try {
    localStorage.setItem(REMEMBERED, project);
  } catch {
    // storage may be switched off
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

/** The signed-in session; pages below _app always have one. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error("no session: this part stands outside of the signed-in pages");
  return data;
}

export function useProject(): ProjectRole | undefined {
  const session = useSession();
  useRouterState({ select: projectOf }); // another project in the address draws anew whoever shows it
  return session.projects.find((one) => one.id === context.project) ?? session.projects[0];
}

function projectOf({ resolvedLocation }: { resolvedLocation?: { search: unknown } }): unknown {
  return (resolvedLocation?.search as { project?: unknown } | undefined)?.project;
}

/** Empty when allowed, else the sentence that says why not. */
export function useRefusal(permission: Permission | undefined): string {
  const project = useProject();
  return refusal(project, permission);
}

export const DOES: Record<Permission, string> = {
  inference: "call tasks",
  feedback: "judge answers",
  read: "read this project",
  content: "read what people wrote",
  configure: "change the configuration",
  data: "change datasets",
  train: "start or stop training",
  evaluate: "start evaluations",
  review: "sign reviews",
  release: "release or roll back",
  operate: "operate the server",
  keys: "manage keys",
  erase: "erase a person's data",
  audit: "read the audit log",
  people: "manage people",
};

export function refusal(project: ProjectRole | undefined, permission: Permission | undefined): string {
  if (!permission || project?.permissions.includes(permission)) return "";
  if (!project) return "You are in no project yet. An admin can invite you.";
  return `Your role here (${project.role}) may not ${DOES[permission]}. An admin of ${project.name} can change that.`;
}
