/** The sections of the settings, in the order of their list. Each has its own address. */
import {
  IconBox,
  IconFileDiff,
  IconFolder,
  IconHistory,
  IconMessage2Code,
  IconScale,
  IconUser,
  IconUsers,
} from "@tabler/icons-react";

export const SECTIONS = [
  { to: "/settings/projects", name: "Projects", icon: IconFolder },
  { to: "/settings/people", name: "People", icon: IconUsers },
  { to: "/settings/tasks", name: "Tasks", icon: IconBox },
  { to: "/settings/prompts", name: "Prompts", icon: IconMessage2Code },
  { to: "/settings/policies", name: "Policies", icon: IconScale },
  { to: "/settings/configuration", name: "Configuration", icon: IconFileDiff },
  { to: "/settings/audit", name: "Audit log", icon: IconHistory },
  { to: "/settings/account", name: "Your account", icon: IconUser },
] as const;

export type SectionAddress = (typeof SECTIONS)[number]["to"];

/** The section one step away, in a ring; from elsewhere: the first. */
export function beside(path: string, step: 1 | -1): SectionAddress {
  const at = SECTIONS.findIndex(({ to }) => path.startsWith(to));
  const next = at < 0 ? 0 : (at + step + SECTIONS.length) % SECTIONS.length;
  return (SECTIONS[next] ?? SECTIONS[0]).to;
}

/** `/settings?tab=keys&open=key_1`, as links to ids write it → the section's own address. */
export function sectionOf(tab: string | undefined): SectionAddress | "/keys" {
  if (tab === "keys") return "/keys"; // a page of its own
  return SECTIONS.find(({ to }) => to === `/settings/${tab}`)?.to ?? SECTIONS[0].to;
}
