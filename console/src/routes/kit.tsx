/** The kit on one page, in dev builds only: the built console does not know this address. */
import { createFileRoute, notFound } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

const Gallery = import.meta.env.DEV ? lazy(() => import("~/gallery/Gallery")) : () => null;

export const Route = createFileRoute("/kit")({
  beforeLoad: () => {
    if (!import.meta.env.DEV) throw notFound();
  },
  component: () => (
    <Suspense>
      <Gallery />
    </Suspense>
  ),
});
