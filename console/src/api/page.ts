/**
 * usePage: one request per page, typed by its path. usePages: the same, page by page with a cursor.
 *
 *   const models = usePage("/api/v1/views/models", {}, ["models", "releases"]);
 *
 * `topics` are what the server's events call a change (api/live.ts); the page asks again when one of them comes.
 */
import {
  keepPreviousData,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import { api, context } from "./client";
import type { paths } from "./schema";

type GetPath = PathsWithMethod<paths, "get">;
type Operation<P extends GetPath> = paths[P] extends { get: infer O } ? O : never;
type Content<O> = O extends { responses: { 200: { content: { "application/json": infer B } } } } ? B : never;
type Parameters<O> = O extends { parameters: infer A } ? A : never;
type Given<A, K extends "query" | "path"> =
  A extends Record<K, infer V> ? V : A extends { [k in K]?: infer V } ? V : never;

/** What a GET route answers. */
export type Answer<P extends GetPath> = Content<Operation<P>>;
export type Topic =
  | "traces"
  | "feedback"
  | "datasets"
  | "runs"
  | "progress"
  | "models"
  | "reports"
  | "releases"
  | "reviews"
  | "alerts"
  | "erasures"
  | "settings"
  | "prompts"
  | "people"
  | "audit";
export interface Params<P extends GetPath> {
  query?: NonNullable<Given<Parameters<Operation<P>>, "query">>;
  path?: NonNullable<Given<Parameters<Operation<P>>, "path">>;
}

interface Options {
  enabled?: boolean;
  every_ms?: number; // ask again by the clock; live.ts is cheaper
}

export function usePage<P extends GetPath>(
  path: P,
  params: Params<P> = {},
  topics: Topic[] = [],
  options: Options = {},
): UseQueryResult<Answer<P>, Error> {
  return useQuery({
    queryKey: [context.project, path, params],
    queryFn: ({ signal }) => get(path, params, signal),
    placeholderData: keepPreviousData,
    meta: { topics },
    enabled: options.enabled ?? true,
    refetchInterval: options.every_ms ?? false,
  });
}

/** Pages with `data` or `rows`, and `next_cursor`; more are asked for by `fetchNextPage`. */
export function usePages<P extends GetPath>(path: P, params: Params<P> = {}, topics: Topic[] = []) {
  type Row = Answer<P> extends { data: (infer R)[] } | { rows: (infer R)[] } ? R : never;
  const found = useInfiniteQuery({
    queryKey: [context.project, path, params, "pages"],
    queryFn: ({ signal, pageParam }) =>
      get(path, { ...params, query: { ...params.query, cursor: pageParam } } as unknown as Params<P>, signal),
    initialPageParam: "",
    getNextPageParam: (last) => (last as { next_cursor?: string }).next_cursor || undefined,
    placeholderData: keepPreviousData,
    meta: { topics },
  });
  const rows = (found.data?.pages ?? []).flatMap((page) => {
    const { data, rows } = page as { data?: Row[]; rows?: Row[] };
    return data ?? rows ?? [];
  });
  return { ...found, rows };
}

/** Asks for a page before it is shown (links on hover, row after row with j and k). */
export async function get<P extends GetPath>(
  path: P,
  params: Params<P>,
  signal?: AbortSignal,
): Promise<Answer<P>> {
  // biome-ignore lint/suspicious/noExplicitAny: openapi-fetch types each path by itself; Answer<P> says the result
  const { data } = await (api.GET as any)(path, { params, signal });
  return data as Answer<P>;
}

/** A change: `run` calls the typed client; what shows the topics is asked again at once, whoever listens. */
export function useChange<V, R>(run: (input: V) => Promise<R>, topics: Topic[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => invalidate(client, topics),
  });
}

/** Ask again for whatever shows one of the topics. */
export function invalidate(client: ReturnType<typeof useQueryClient>, topics: readonly string[]) {
  return client.invalidateQueries({
    predicate: ({ meta }) =>
      ((meta?.topics as string[] | undefined) ?? []).some((topic) => topics.includes(topic)),
  });
}
