/** Where one can go: the pages with their keys, and where an id of each prefix is shown. */
import {
  IconActivity,
  IconBox,
  IconDatabase,
  IconGitBranch,
  IconKey,
  IconPlayerPlay,
  IconReportAnalytics,
  IconRocket,
  IconServer2,
  IconSettings,
  IconTerminal2,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { LoopIcon } from "./Logo";

export interface Place {
  to: string;
  name: string;
  key: string; // after g
  about: string;
  icon: ComponentType<{ size?: number | string; stroke?: number | string }>;
}

export const PLACES: Place[] = [
  {
    to: "/",
    name: "Loop",
    key: "l",
    about: "Where each model version stands, and what needs you",
    icon: LoopIcon,
  },
  {
    to: "/traces",
    name: "Traces",
    key: "t",
    about: "Every answer: latency, tokens, cost, feedback",
    icon: IconActivity,
  },
  {
    to: "/datasets",
    name: "Datasets",
    key: "d",
    about: "Versions, cleaning, splits, records",
    icon: IconDatabase,
  },
  { to: "/runs", name: "Runs", key: "r", about: "Training, evaluation and cleaning", icon: IconPlayerPlay },
  {
    to: "/reports",
    name: "Reports",
    key: "p",
    about: "What was measured, with error bars",
    icon: IconReportAnalytics,
  },
  { to: "/releases", name: "Releases", key: "e", about: "Gates, rollouts, reviews", icon: IconRocket },
  {
    to: "/playground",
    name: "Playground",
    key: "y",
    about: "Ask tasks and deployments side by side",
    icon: IconTerminal2,
  },
  { to: "/models", name: "Models", key: "m", about: "Versions and their evidence", icon: IconBox },
  {
    to: "/deployments",
    name: "Deployments",
    key: "o",
    about: "Where models are served: health, load, failures",
    icon: IconServer2,
  },
  {
    to: "/keys",
    name: "Keys & budgets",
    key: "k",
    about: "What keys may do, how far budgets are used, who spends",
    icon: IconKey,
  },
  {
    to: "/lineage",
    name: "Lineage",
    key: "i",
    about: "Why an answer, what a record reached, erasure",
    icon: IconGitBranch,
  },
  {
    to: "/settings",
    name: "Settings",
    key: "s",
    about: "People, tasks, prompts, policies, audit",
    icon: IconSettings,
  },
];

/** An id's page. Each page reads the parameter that stands here. */
const IDS: Record<string, (id: string) => { to: string; search: Record<string, string> }> = {
  inf: (id) => ({ to: "/traces", search: { open: id } }),
  chatcmpl: (id) => ({ to: "/traces", search: { open: id } }),
  ds: (id) => ({ to: "/datasets", search: { open: id } }),
  dsv: (id) => ({ to: "/datasets", search: { open: id } }),
  run: (id) => ({ to: "/runs", search: { open: id } }),
  rep: (id) => ({ to: "/reports", search: { open: id } }),
  rel: (id) => ({ to: "/releases", search: { open: id } }),
  rol: (id) => ({ to: "/releases", search: { open: id } }),
  ver: (id) => ({ to: "/releases", search: { open: id } }),
  rev: (id) => ({ to: "/releases", search: { open: id } }),
  mdl: (id) => ({ to: "/models", search: { open: id } }),
  alr: (id) => ({ to: "/", search: { open: id } }),
  rec: (id) => ({ to: "/lineage", search: { of: id } }),
  sub: (id) => ({ to: "/lineage", search: { of: id } }),
  era: (id) => ({ to: "/lineage", search: { erasure: id } }),
  key: (id) => ({ to: "/keys", search: { open: id } }),
  usr: (id) => ({ to: "/settings/people", search: { open: id } }),
  prm: (id) => ({ to: "/settings/prompts", search: { open: id } }),
};

/** Where an id is shown; undefined for what is none. */
export function placeOf(id: string): { to: string; search: Record<string, string> } | undefined {
  const text = id.trim();
  const [, prefix] = /^([a-z]+)[_-][A-Za-z0-9_-]{1,200}$/.exec(text) ?? [];
  return prefix ? IDS[prefix]?.(text) : undefined;
}

/** Where a Link of the API leads (`{kind, id}`): by its id's prefix, or by its kind where ids are names. */
export function placeOfLink({ kind, id }: { kind: string; id: string }) {
  const byKind: Record<string, () => { to: string; search: Record<string, string> }> = {
    session: () => ({ to: "/traces", search: { session: id } }),
    subject: () => ({ to: "/lineage", search: { of: id } }),
    task: () => ({ to: "/settings/tasks", search: { open: id } }),
    deployment: () => ({ to: "/deployments", search: { open: id } }),
  };
  return byKind[kind]?.() ?? placeOf(id);
}
