/**
 * The typed client: paths and bodies from openapi.json (schema.d.ts).
 *
 * Adds the project and, to what changes something, the session's CSRF token; turns every refusal into ApiError.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { setConnection } from "./connection";
import { errorOf, OfflineError } from "./errors";
import type { paths } from "./schema";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** What the session says and the client sends. Written by session/session.ts only. */
export const context = {
  csrf: "",
  project: "",
  onSignedOut: () => {},
};

const middleware: Middleware = {
  onRequest({ request }) {
    if (context.project) request.headers.set("x-volant-project", context.project);
    if (!SAFE.has(request.method) && context.csrf) request.headers.set("x-volant-csrf", context.csrf);
    return request;
  },
  async onResponse({ request, response }) {
    setConnection("ok");
    if (response.ok) return;
    if (response.status === 401 && !new URL(request.url).pathname.startsWith("/api/v1/session")) {
      context.onSignedOut();
    }
    throw await errorOf(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    if (error instanceof TypeError) {
      setConnection("lost");
      return new OfflineError();
    }
    return error as Error;
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(middleware);

/** For the few routes that openapi.json does not describe. Same headers, same errors. */
export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  if (context.project) headers.set("x-volant-project", context.project);
  if (!SAFE.has(method) && context.csrf) headers.set("x-volant-csrf", context.csrf);
  if (body !== undefined) headers.set("content-type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    setConnection("lost");
    throw new OfflineError();
  }
  setConnection("ok");
  if (!response.ok) throw await errorOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
