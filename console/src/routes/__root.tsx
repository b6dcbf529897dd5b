import { Button } from "@mantine/core";
import { createRootRoute, Link, Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import { words } from "~/api/errors";
import { Gate } from "~/shell/Gate";

export const Route = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => <Failed error={error} />,
});

function NotFound() {
  useEffect(() => {
    document.title = "Not found · Volant";
  }, []);
  return (
    <Gate title="There is no such page" about="The address may be old, or mistyped.">
      <Button component={Link} to="/" size="sm">
        To the loop
      </Button>
    </Gate>
  );
}

function Failed({ error }: { error: unknown }) {
  const { title, hint } = words(error);
  return (
    <Gate title="The console could not start" about={title}>
      {hint && <p style={{ margin: 0 }}>{hint}</p>}
      <Button size="sm" onClick={() => window.location.reload()}>
        Try again
      </Button>
    </Gate>
  );
}
