/** A panel: title, actions, and one of loading, error with retry, empty, or content. It fails and waits by itself. */
import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle, IconInbox, IconRefresh } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Component, type ReactNode } from "react";
import { words } from "~/api/errors";
import css from "./kit.module.css";

interface Looks {
  title?: ReactNode;
  actions?: ReactNode;
  flush?: boolean; // no padding: for tables and lists
  className?: string;
}

/** Content that is already there. */
export function Panel({ title, actions, flush, className, children }: Looks & { children: ReactNode }) {
  return (
    <section className={`${css.panel} ${className ?? ""}`}>
      {(title || actions) && (
        <div className={css.panelHead}>
          {title && <h2>{title}</h2>}
          {actions && <div className={css.headerActions}>{actions}</div>}
        </div>
      )}
      <div className={`${css.panelBody} ${flush ? css.flush : ""}`}>
        <Boundary>{children}</Boundary>
      </div>
    </section>
  );
}

/** Content that is asked for: `children` gets it when it is there. */
export function QueryPanel<T>({
  query,
  empty,
  isEmpty,
  rows = 4,
  children,
  ...looks
}: Looks & {
  query: UseQueryResult<T, Error>;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  rows?: number; // lines of the skeleton
  children: (data: T) => ReactNode;
}) {
  return (
    <Panel {...looks}>
      <Loaded query={query} rows={rows} empty={empty} isEmpty={isEmpty}>
        {children}
      </Loaded>
    </Panel>
  );
}

/** The same without a frame: for whole pages. */
export function Loaded<T>({
  query,
  empty,
  isEmpty,
  rows = 6,
  children,
}: {
  query: UseQueryResult<T, Error>;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data === undefined && query.error)
    return <Problem error={query.error} retry={() => query.refetch()} />;
  if (query.data === undefined) return <Loading rows={rows} />;
  if (empty && isEmpty?.(query.data)) return empty;
  return children(query.data);
}

/** Grey lines in the shape of what comes. */
export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" style={{ padding: 16, display: "grid", gap: 12 }}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <Skeleton key={row} height={12} width={`${92 - ((row * 17) % 40)}%`} />
      ))}
    </div>
  );
}

/** What went wrong, what to do, and a button that tries again. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { title, hint } = words(error);
  return (
    <div className={css.problem} role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div>
        <strong>{title}</strong>
        {hint && <p>{hint}</p>}
        {retry && (
          <Button mt={8} variant="default" leftSection={<IconRefresh size={14} />} onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

/** Nothing there yet: what would stand here, and the next step. */
export function Empty({
  title,
  children,
  action,
  icon: Icon = IconInbox,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: typeof IconInbox;
}) {
  return (
    <div className={css.empty}>
      <span className={css.emptyIcon}>
        <Icon size={20} aria-hidden />
      </span>
      <h3>{title}</h3>
      {children && <div>{children}</div>}
      {action}
    </div>
  );
}

/** Keeps a bug of one part away from the rest of the page. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error !== undefined) {
      return <Problem error={this.state.error} retry={() => this.setState({ error: undefined })} />;
    }
    return this.props.children;
  }
}

/** A list whose filters leave nothing: what is missing, how to see more, and the way back. */
export function NoMatch({
  what,
  onClear,
  children,
}: {
  what: string;
  onClear: () => void;
  children?: ReactNode;
}) {
  return (
    <Empty
      title={`No ${what} matches`}
      action={
        <button type="button" className="link-button" onClick={onClear}>
          Clear the filters
        </button>
      }
    >
      {children}
    </Empty>
  );
}
