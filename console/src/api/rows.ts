/**
 * useRows: rows of a view, a page after the other, by cursor: `{ rows, next_cursor }`.
 *
 * Made for many rows: the pages that are there are never compared again (structural sharing off), and nothing asks for
 * all of them anew by itself. `epoch` in `options` begins again at the first page, with the old rows shown meanwhile.
 */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import { useMemo } from "react";
import { context } from "./client";
import { type Answer, get, type Params } from "./page";
import type { paths } from "./schema";

type Path = PathsWithMethod<paths, "get">;
type RowOf<P extends Path> = Answer<P> extends { rows: (infer R)[] } ? R : never;

export function rowsKey<P extends Path>(path: P, params: Params<P>, epoch = 0) {
  return [context.project, path, params, "rows", epoch] as const;
}

export function useRows<P extends Path>(
  path: P,
  params: Params<P>,
  { epoch = 0, enabled = true }: { epoch?: number; enabled?: boolean } = {},
) {
  const found = useInfiniteQuery({
    queryKey: rowsKey(path, params, epoch),
    queryFn: ({ signal, pageParam }) => {
      const query = { ...params.query, ...(pageParam ? { cursor: pageParam } : {}) };
      return get(path, { ...params, query } as unknown as Params<P>, signal);
    },
    initialPageParam: "",
    getNextPageParam: (last) => (last as { next_cursor?: string }).next_cursor || undefined,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    enabled,
  });
  const pages = found.data?.pages;
  const rows = useMemo(
    () => (pages ?? []).flatMap((page) => (page as unknown as { rows: RowOf<P>[] }).rows),
    [pages],
  );
  return { ...found, rows, first: pages?.[0] as Answer<P> | undefined };
}
