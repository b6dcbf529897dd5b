/**
 * State in the URL: filters, the open row, the chosen tab. A page says what its address may hold:
 *
 *   const address = search({ q: text(), state: list(), open: text(), tab: oneOf("all", "live") });
 *   createFileRoute("/_app/…")({ validateSearch: address, … })      // a const of its own: types are lost inline
 *
 * What is wrong or equal to its default is left out, so that a bad link never breaks a page.
 */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

type Field<T> = (raw: unknown) => T | undefined;

export function text(most = 500): Field<string> {
  return (raw) => {
    if (typeof raw === "number" || typeof raw === "boolean") return String(raw);
    return typeof raw === "string" && raw ? raw.slice(0, most) : undefined;
  };
}

export function oneOf<const T extends string>(...allowed: T[]): Field<T> {
  return (raw) => allowed.find((one) => one === raw);
}

export function list(most = 50): Field<string[]> {
  return (raw) => {
    const all = (Array.isArray(raw) ? raw : raw === undefined || raw === "" ? [] : [raw])
      .map(String)
      .slice(0, most);
    return all.length ? all : undefined;
  };
}

export function whole(low = 0, high = Number.MAX_SAFE_INTEGER): Field<number> {
  return (raw) => {
    const value = Number(raw);
    const fits = raw !== "" && raw !== null && Number.isInteger(value) && value >= low && value <= high;
    return raw !== undefined && fits ? value : undefined;
  };
}

export function decimal(): Field<number> {
  return (raw) => {
    const fits = raw !== undefined && raw !== "" && raw !== null && Number.isFinite(Number(raw));
    return fits ? Number(raw) : undefined;
  };
}

export function flag(): Field<true> {
  return (raw) => (raw === true || raw === "true" || raw === 1 ? true : undefined);
}

/** `{ q: Field<string> }` → `{ q?: string }`. */
export type Search<F> = { [K in keyof F]?: F[K] extends Field<infer T> ? T : never };

export function search<F extends Record<string, Field<unknown>>>(
  fields: F,
): (raw: Record<string, unknown>) => Search<F> {
  return (raw) => {
    const out: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(fields)) {
      const value = read(raw[name]);
      // The router lays this over what the address said: only a name that is here hides a value that was refused.
      if (value !== undefined || name in raw) out[name] = value;
    }
    return out as Search<F>;
  };
}

/** The current address's state and a way to change some of it. `push` makes a step in the history. */
export function useUrl<S extends object>(): [S, (change: Partial<S>, push?: boolean) => void] {
  // biome-ignore lint/suspicious/noExplicitAny: the page knows its own search
  const found = useSearch({ strict: false } as any) as unknown as S;
  const navigate = useNavigate();
  const change = useCallback(
    (some: Partial<S>, push = false) => {
      // biome-ignore lint/suspicious/noExplicitAny: the page's own validateSearch checks it
      const next = (before: any) => clean({ ...before, ...some });
      // biome-ignore lint/suspicious/noExplicitAny: any page
      void navigate({ to: ".", search: next as any, replace: !push });
    },
    [navigate],
  );
  return [found, change];
}

/** Without what is empty. */
export function clean(state: Record<string, unknown>): Record<string, unknown> {
  const keeps = (value: unknown) =>
    value !== undefined && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(state).filter(([, value]) => keeps(value)));
}
