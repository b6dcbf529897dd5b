/** What two versions say otherwise, line by line. */
import { usePage } from "~/api/page";
import { DiffView, QueryPanel } from "~/kit";
import { asText } from "./draft";

const PATH = "/api/v1/prompts/{name}/versions/{version}";

export function Difference({ name, before, after }: { name: string; before: number; after: number }) {
  const old = usePage(PATH, { path: { name, version: String(before) } });
  const fresh = usePage(PATH, { path: { name, version: String(after) } });
  return (
    <QueryPanel title={`Version ${before} → ${after}`} query={old} rows={8}>
      {(left) => (
        <QueryBoth query={fresh} label={`Difference of ${before} and ${after}`} before={asText(left)} />
      )}
    </QueryPanel>
  );
}

function QueryBoth({
  query,
  label,
  before,
}: {
  query: ReturnType<typeof usePage<typeof PATH>>;
  label: string;
  before: string;
}) {
  if (!query.data) return null;
  return <DiffView before={before} after={asText(query.data)} label={label} />;
}
