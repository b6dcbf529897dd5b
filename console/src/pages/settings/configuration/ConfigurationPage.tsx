/** Configuration: what holds, what it was, and what a changed file would do. */
import { SegmentedControl } from "@mantine/core";
import { usePage } from "~/api/page";
import { Ago, CodeBlock, Id, KeyValue, Page, PageHeader, Panel, QueryPanel, useUrl } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { nameOf, useSettings } from "../parts";
import css from "../settings.module.css";
import { ChangedFile } from "./ChangedFile";
import { History } from "./History";

type Shown = "current" | "history" | "change";

export function ConfigurationPage() {
  const [url, setUrl] = useUrl<{ show?: Shown; open?: number }>();
  const settings = useSettings();
  const show = url.show ?? "current";
  useShortcuts([
    { keys: "c", label: "What a changed file would do", run: () => setUrl({ show: "change" }, true) },
  ]);
  return (
    <Page
      header={
        <PageHeader
          title="Configuration"
          about={settings.data && `Revision ${settings.data.revision}, ${settings.data.hash}`}
          actions={
            <SegmentedControl
              size="xs"
              aria-label="Show"
              value={show}
              onChange={(value) => setUrl({ show: value as Shown, open: undefined }, true)}
              data={[
                { value: "current", label: "What holds" },
                { value: "history", label: "History" },
                { value: "change", label: "A changed file" },
              ]}
            />
          }
        />
      }
    >
      {show === "current" && <Current />}
      {show === "history" && <History />}
      {show === "change" && <ChangedFile onApplied={() => setUrl({ show: "history" }, true)} />}
    </Page>
  );
}

function Current() {
  const settings = useSettings();
  const current = usePage("/api/v1/documents", {}, ["settings"]);
  return (
    <>
      <QueryPanel title="Applied" query={settings} rows={3}>
        {(data) =>
          data.revision ? (
            <KeyValue
              rows={[
                ["Revision", String(data.revision)],
                ["Hash", <Id key="hash" id={data.hash} full />],
                ["By", nameOf(data.applied_by)],
                ["When", <Ago key="when" at_ms={data.applied_ms} />],
              ]}
            />
          ) : (
            <>
              <p className={css.lead}>Nothing was applied yet. Write a file and apply it:</p>
              <CodeBlock value={"volant init\nvolant apply"} label="Command" />
            </>
          )
        }
      </QueryPanel>
      {settings.data && settings.data.held.length > 0 && (
        <Panel title="Decided by the loop, and changed by no file">
          <ul className={css.sentences}>
            {settings.data.held.slice(0, 50).map((one) => (
              <li key={`${one.kind} ${one.name}`}>
                <span>{one.sentence}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <QueryPanel title="The documents" query={current} rows={12}>
        {(data) => <CodeBlock value={data.documents} label="Documents as JSON" />}
      </QueryPanel>
    </>
  );
}
