/** The settings: the list of sections beside the one that is open. `[` and `]` go to the section before and after. */
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useShortcuts } from "~/shell/keys";
import { beside, SECTIONS } from "./sections";
import css from "./settings.module.css";

export function SettingsLayout() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  useShortcuts([
    { keys: "]", label: "Next section", run: () => void navigate({ to: beside(pathname, 1) }) },
    { keys: "[", label: "Section before", run: () => void navigate({ to: beside(pathname, -1) }) },
  ]);
  return (
    <div className={css.layout}>
      <nav className={css.sections} aria-label="Settings">
        <p className={css.sectionsTitle}>Settings</p>
        {SECTIONS.map(({ to, name, icon: Icon }) => (
          <Link key={to} to={to} className={css.section}>
            <Icon size={15} stroke={1.8} aria-hidden />
            {name}
          </Link>
        ))}
      </nav>
      <div className={css.content}>
        <Outlet />
      </div>
    </div>
  );
}
