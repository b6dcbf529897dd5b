/** The navigation: project, search, the nine pages, the account. A rail of icons on narrow windows. */
import { Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSelector,
  IconSun,
} from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { queryClient } from "~/api/query";
import { Key } from "~/kit/values";
import { remember, useProject, useSession } from "~/session/session";
import { keyNames } from "./keys";
import { Mark } from "./Logo";
import { PLACES } from "./places";
import css from "./shell.module.css";
import { useSignOut } from "./signOut";

export function Nav({ onShortcuts }: { onShortcuts: () => void }) {
  const narrow = useMediaQuery("(max-width: 1100px)") ?? false;
  return (
    <nav className={css.nav} aria-label="Main">
      <Projects />
      <button
        type="button"
        className={css.search}
        onClick={spotlight.open}
        aria-label="Search or jump to an id"
      >
        <IconSearch size={15} aria-hidden />
        <span>Search</span>
        <span className={css.keys} aria-hidden>
          {keyNames("mod+k").map((key) => (
            <Key key={key}>{key}</Key>
          ))}
        </span>
      </button>
      {PLACES.map(({ to, name, key, icon: Icon }) => (
        <Tooltip key={to} label={`${name}  (g ${key})`} position="right" disabled={!narrow}>
          <Link to={to} className={css.link} activeOptions={{ exact: to === "/" }} aria-label={name}>
            <Icon size={17} stroke={1.8} />
            <span className={css.label}>{name}</span>
          </Link>
        </Tooltip>
      ))}
      <div className={css.rest} />
      <Account onShortcuts={onShortcuts} />
    </nav>
  );
}

function Projects() {
  const session = useSession();
  const project = useProject();
  const navigate = useNavigate();

  function change(id: string) {
    remember(id);
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    // biome-ignore lint/suspicious/noExplicitAny: every page below _app takes `project`
    void navigate({ to: "/", search: { project: id } as any });
  }

  return (
    <Menu position="bottom-start" width={220} disabled={session.projects.length === 0}>
      <Menu.Target>
        <button type="button" className={css.brand} aria-label={`Project ${project?.name ?? "none"}, change`}>
          <Mark />
          <span className={css.brandText}>
            <strong>Volant</strong>
            <span>{project?.name ?? "no project"}</span>
          </span>
          <IconSelector size={14} className={css.chevron} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Projects</Menu.Label>
        {session.projects.map((one) => (
          <Menu.Item
            key={one.id}
            onClick={() => change(one.id)}
            rightSection={
              one.id === project?.id ? <IconCheck size={14} /> : <span className="quiet">{one.role}</span>
            }
          >
            {one.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const SCHEMES = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "As the system", icon: IconDeviceDesktop },
] as const;

function Account({ onShortcuts }: { onShortcuts: () => void }) {
  const { person } = useSession();
  const project = useProject();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  const name = person.name || person.email;
  return (
    <Menu position="right-end" width={220}>
      <Menu.Target>
        <button type="button" className={css.account} aria-label={`Account of ${name}`}>
          <span className={css.avatar} aria-hidden>
            {initials(name)}
          </span>
          <span className={css.brandText}>
            <strong>{name}</strong>
            <span>{project?.role ?? "no role"}</span>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{person.email}</Menu.Label>
        {SCHEMES.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={15} />}
            rightSection={colorScheme === value ? <IconCheck size={14} aria-label="chosen" /> : undefined}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={15} />} rightSection={<Key>?</Key>} onClick={onShortcuts}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "")).toUpperCase();
}
