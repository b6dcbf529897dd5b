/** The card of the pages before one is signed in, and their errors. */
import type { ReactNode } from "react";
import { words } from "~/api/errors";
import { Mark } from "./Logo";
import css from "./shell.module.css";

export function Gate({
  title,
  about,
  foot,
  children,
}: {
  title: string;
  about?: ReactNode;
  foot?: ReactNode;
  children: ReactNode;
}) {
  return (
    <main className={css.gate}>
      <div className={css.card}>
        <div className={css.cardHead}>
          <Mark size={44} />
          <h1>{title}</h1>
          {about && <p>{about}</p>}
        </div>
        <div className={css.cardBody}>{children}</div>
        {foot && <div className={css.cardFoot}>{foot}</div>}
      </div>
    </main>
  );
}

export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  const { title, hint } = words(error);
  return (
    <div className={css.formError} role="alert">
      <strong>{title}</strong>
      {hint && <p>{hint}</p>}
    </div>
  );
}

export function Or() {
  return <div className={css.or}>or</div>;
}
