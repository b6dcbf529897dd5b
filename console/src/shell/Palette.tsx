/** The command palette (mod+K): go to a page, jump to any id by its prefix, change the colours, sign out. */
import { useMantineColorScheme } from "@mantine/core";
import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconArrowRight, IconKeyboard, IconLogout, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { PLACES, placeOf } from "./places";
import { useSignOut } from "./signOut";

export function Palette({ onShortcuts }: { onShortcuts: () => void }) {
  const [query, setQuery] = useState("");
  const navigate = useNavigate();
  const { toggleColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  const go = (to: string, search: Record<string, string> = {}) =>
    void navigate({ to, search: search as never });

  const jump = placeOf(query);
  const actions: SpotlightActionData[] = [
    ...PLACES.map(({ to, name, about, icon: Icon }) => ({
      id: to,
      label: name,
      description: about,
      leftSection: <Icon size={18} stroke={1.7} />,
      onClick: () => go(to),
    })),
    {
      id: "colours",
      label: "Switch light and dark",
      leftSection: <ColourIcon />,
      onClick: toggleColorScheme,
    },
    {
      id: "keys",
      label: "Keyboard shortcuts",
      leftSection: <IconKeyboard size={18} />,
      onClick: onShortcuts,
    },
    { id: "out", label: "Sign out", leftSection: <IconLogout size={18} />, onClick: () => void signOut() },
  ];
  const shown: SpotlightActionData[] = jump
    ? [
        {
          id: "jump",
          label: `Open ${query.trim()}`,
          description: PLACES.find((one) => one.to === jump.to)?.name,
          leftSection: <IconArrowRight size={18} />,
          onClick: () => go(jump.to, jump.search),
        },
      ]
    : actions;

  return (
    <Spotlight
      actions={shown}
      filter={jump ? (_query, all) => all : undefined}
      query={query}
      onQueryChange={setQuery}
      shortcut="mod + K"
      nothingFound="Nothing by that name. An id (inf_…, run_…, mdl_…) opens where it is shown."
      highlightQuery
      scrollable
      maxHeight={420}
      radius="lg"
      overlayProps={{ backgroundOpacity: 0.4, blur: 0 }}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Go to a page, or paste an id",
        "aria-label": "Go to a page, or paste an id",
      }}
    />
  );
}

function ColourIcon() {
  const { colorScheme } = useMantineColorScheme();
  return colorScheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />;
}
