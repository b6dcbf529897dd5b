/** Live: the server says which topics changed (server-sent events); what shows them is asked for again. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { context } from "./client";
import { setConnection } from "./connection";
import { invalidate } from "./page";

const GATHER_MS = 250; // changes that come together are answered together
const RETRY_MS = 3000;

/** Listens while mounted. One stream per window. */
export function useLive(project: string) {
  const client = useQueryClient();
  useEffect(() => {
    const listener = listen(project, (topics) => invalidate(client, topics));
    return () => listener.close();
  }, [client, project]);
}

/** A stream that comes back by itself. `changed` gets the topics of the last quarter of a second. */
export function listen(project: string, changed: (topics: string[]) => void) {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let gather: ReturnType<typeof setTimeout> | undefined;
  let missed = false;
  let closed = false;
  const waiting = new Set<string>();

  function flush() {
    gather = undefined;
    const topics = [...waiting];
    waiting.clear();
    changed(topics);
  }

  function open() {
    source = new EventSource(`/api/v1/events?project=${encodeURIComponent(project)}`);
    source.onopen = () => {
      setConnection("ok");
      if (missed) changed(EVERYTHING); // who knows what happened meanwhile
      missed = false;
    };
    source.onmessage = (event) => {
      const topic = topicOf(event.data);
      if (!topic) return;
      waiting.add(topic);
      gather ??= setTimeout(flush, GATHER_MS);
    };
    source.onerror = () => {
      missed = true;
      if (source?.readyState !== EventSource.CLOSED || closed) return; // it tries again by itself
      retry = setTimeout(async () => {
        if (!(await signedIn())) return;
        open();
      }, RETRY_MS);
    };
  }

  open();
  return {
    close() {
      closed = true;
      source?.close();
      clearTimeout(retry);
      clearTimeout(gather);
    },
  };
}

export const EVERYTHING = [
  "traces",
  "feedback",
  "datasets",
  "runs",
  "progress",
  "models",
  "reports",
  "releases",
  "reviews",
  "alerts",
  "erasures",
  "settings",
  "prompts",
  "people",
  "audit",
];

/** The topic of one event's text; undefined for what is none of ours. */
export function topicOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { topic?: unknown };
    return typeof body.topic === "string" ? body.topic : undefined;
  } catch {
    return undefined;
  }
}

/** A stream that was refused: is it the session, or is the server away? */
async function signedIn(): Promise<boolean> {
  try {
    const answer = await fetch("/api/v1/session", { credentials: "same-origin" });
    if (answer.status === 401) {
      context.onSignedOut();
      return false;
    }
  } catch {
    setConnection("lost");
  }
  return true;
}
