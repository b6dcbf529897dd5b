/** A link to whatever a Link of the API, or an id, names; plain text where no page shows it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { placeOfLink } from "./places";

export interface Target {
  kind: string;
  id: string;
  title?: string;
}

export function To({
  link,
  className = "text-link",
  title,
  label,
  children,
}: {
  link: Target;
  className?: string;
  title?: string;
  label?: string; // for those who hear it
  children: ReactNode;
}) {
  const place = link.id ? placeOfLink(link) : undefined;
  if (!place) return <span className={className === "text-link" ? undefined : className}>{children}</span>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    <Link to={place.to} search={place.search as any} className={className} title={title} aria-label={label}>
      {children}
    </Link>
  );
}
