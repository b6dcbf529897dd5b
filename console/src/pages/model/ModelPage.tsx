/** One model version: what it is, its evidence, its lineage, and where it serves. */
import { useParams } from "@tanstack/react-router";
import { usePage } from "~/api/page";
import { Loaded, Page, PageHeader } from "~/kit";

export function ModelPage() {
  const { modelId } = useParams({ from: "/_app/models_/$modelId" });
  const view = usePage("/api/v1/views/models/{model}", { path: { model: modelId } }, [
    "models",
    "reports",
    "releases",
  ]);
  return (
    <Page header={<PageHeader title={view.data?.label ?? "Model"} />}>
      <Loaded query={view}>{(model) => <p>{model.label}</p>}</Loaded>
    </Page>
  );
}
