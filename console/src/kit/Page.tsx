/** The frame of a page: its header, and its body (filling the window, or scrolling with a grid of panels). */
import { type ReactNode, useEffect } from "react";
import css from "./kit.module.css";
import frame from "./Page.module.css";

/** Title, a quiet line of context, actions. Sets the document's title. */
export function PageHeader({
  title,
  about,
  actions,
}: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Volant`;
  }, [title]);
  return (
    <header className={css.pageHeader}>
      <h1>{title}</h1>
      {about && <p>{about}</p>}
      {actions && <div className={css.headerActions}>{actions}</div>}
    </header>
  );
}

/** `fill`: a table takes the rest of the window. Otherwise the page scrolls. */
export function Page({ header, fill, children }: { header: ReactNode; fill?: boolean; children: ReactNode }) {
  return (
    <div className={frame.page}>
      {header}
      {fill ? (
        <div className={frame.fill}>{children}</div>
      ) : (
        <section className={frame.scroll} tabIndex={0} aria-label="Page">
          <div className={frame.inner}>{children}</div>
        </section>
      )}
    </div>
  );
}

/** Panels side by side: as many columns of at least `min` pixels as fit. */
export function Columns({ min = 320, children }: { min?: number; children: ReactNode }) {
  return (
    <div
      className={frame.columns}
      style={{ gridTemplateColumns: `repeat(auto-fit, minmax(min(${min}px, 100%), 1fr))` }}
    >
      {children}
    </div>
  );
}
