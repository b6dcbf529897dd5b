/** The traces under the address's filters: pages of rows, the filter's numbers, and how many came since. */
import { type InfiniteData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { context } from "~/api/client";
import { type Answer, get } from "~/api/page";
import { rowsKey, useRows } from "~/api/rows";
import { type Filters, type Query, queryOf, type TraceRow } from "./filters";

const PATH = "/api/v1/views/traces";
const ROWS = 200; // a page; 200 is the most that the API gives

export function useTraces(filters: Filters) {
  const [epoch, setEpoch] = useState(0);
  const key = JSON.stringify(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a range begins anew with each epoch, not with each render
  const query = useMemo(() => queryOf(JSON.parse(key), Date.now()), [key, epoch]);
  const found = useRows(PATH, { query: { ...query, limit: ROWS } }, { epoch });
  const newest = found.isPlaceholderData ? undefined : found.first;
  const since = newest ? (newest.rows[0]?.inference.started_ms ?? newest.numbers?.newest_ms ?? 0) : -1;
  return {
    ...found,
    numbers: found.first?.numbers ?? undefined,
    fresh: useFresh(query, since),
    refresh: () => setEpoch((before) => before + 1),
    where: `${key} ${epoch}`, // the table begins at its top where this changes
    patch: usePatch(query, epoch),
  };
}

/** How many came after the newest row. Asked for only when the server says that there are new ones. */
function useFresh(query: Query, since_ms: number): number {
  const later = { ...query, since_ms: since_ms + 1, limit: 1 };
  const found = useQuery({
    queryKey: [context.project, PATH, later, "fresh"],
    queryFn: async ({ signal }) => (await get(PATH, { query: later }, signal)).numbers?.count ?? 0,
    initialData: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    enabled: since_ms >= 0 && !query.until_ms,
    meta: { topics: ["traces"] },
  });
  return found.data;
}

/** Writes what is now known of one answer into its row; the pages are not asked for again. */
function usePatch(query: Query, epoch: number) {
  const client = useQueryClient();
  const key = rowsKey(PATH, { query: { ...query, limit: ROWS } }, epoch);
  return (id: string, feedback: TraceRow["feedback"]) =>
    client.setQueryData<InfiniteData<Answer<typeof PATH>>>(key, (data) => {
      if (!data) return data;
      const pages = data.pages.map((page) => {
        const has = page.rows.some((row) => row.inference.id === id);
        if (!has) return page;
        return {
          ...page,
          rows: page.rows.map((row) => (row.inference.id === id ? { ...row, feedback } : row)),
        };
      });
      return { ...data, pages };
    });
}
