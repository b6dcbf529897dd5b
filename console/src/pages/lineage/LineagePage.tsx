/** Lineage & subjects: why an answer is what it is, what derives from something, and removing a person. */
import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { get } from "~/api/page";
import { ActionButton, Page, PageHeader, Problem, useUrl } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { EraseDialog } from "./EraseDialog";
import { Erasures } from "./Erasures";
import css from "./lineage.module.css";
import { Picture } from "./Picture";

export interface LineageUrl {
  of?: string; // an id or a name; a person only as their hash
  node?: string;
  tab?: "erasures";
  erasure?: string;
  erase?: true;
  state?: string;
}

export function LineagePage() {
  const [url, setUrl] = useUrl<LineageUrl>();
  const erasures = url.tab === "erasures" || !!url.erasure;
  const begin = () => setUrl({ erase: true });
  useShortcuts([
    { keys: "w", label: "Lineage", run: () => setUrl({ tab: undefined, erasure: undefined }) },
    { keys: "x", label: "Erasures", run: () => setUrl({ tab: "erasures" }) },
  ]);
  return (
    <Page
      fill={erasures}
      header={
        <PageHeader
          title="Lineage"
          about={erasures ? "Removing a person, everywhere" : "Why an answer, and what derives from what"}
          actions={
            <>
              <SegmentedControl
                size="xs"
                aria-label="What to show"
                value={erasures ? "erasures" : "lineage"}
                onChange={(value) =>
                  setUrl({ tab: value === "erasures" ? "erasures" : undefined, erasure: undefined })
                }
                data={[
                  { value: "lineage", label: "Lineage" },
                  { value: "erasures", label: "Erasures" },
                ]}
              />
              <ActionButton needs="erase" onClick={begin}>
                Erase a person
              </ActionButton>
            </>
          }
        />
      }
    >
      {erasures ? (
        <Erasures />
      ) : (
        <>
          <SearchBar />
          <Picture />
        </>
      )}
      {url.erase && <EraseDialog onClose={() => setUrl({ erase: undefined })} />}
    </Page>
  );
}

/** An id goes to the address. A user's name is turned into their hash first, so that it stands nowhere. */
function SearchBar() {
  const [url, setUrl] = useUrl<LineageUrl>();
  const [asked, setAsked] = useState(url.of ?? "");
  const [kind, setKind] = useState<"id" | "user">("id");
  const [error, setError] = useState<unknown>();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setAsked(url.of ?? ""), [url.of]);
  useShortcuts([{ keys: "/", label: "Search an id", run: () => field.current?.focus() }]);

  async function search(event: FormEvent) {
    event.preventDefault();
    setError(undefined);
    if (kind === "id") {
      setUrl({ of: asked.trim(), node: undefined }, true);
      return;
    }
    try {
      const found = await get("/api/v1/views/lineage/impact", { query: { user: asked.trim() } });
      setKind("id");
      setUrl({ of: found.id, node: undefined }, true);
    } catch (failed) {
      setError(failed);
    }
  }

  return (
    <search>
      <form className={css.bar} onSubmit={search}>
        <SegmentedControl
          size="xs"
          aria-label="What the text is"
          value={kind}
          onChange={(value) => {
            setKind(value as "id" | "user");
            setAsked("");
          }}
          data={[
            { value: "id", label: "Id or name" },
            { value: "user", label: "User" },
          ]}
        />
        <TextInput
          ref={field}
          size="xs"
          style={{ flex: "1 1 320px", maxWidth: 560 }}
          aria-label={kind === "id" ? "Id or name" : "The user's name, as the application calls them"}
          placeholder={
            kind === "id"
              ? "inf_… (why), or rec_…, sub_…, a dataset, MODEL@2 (impact)"
              : "The user's name, as the application calls them"
          }
          leftSection={<IconSearch size={14} aria-hidden />}
          value={asked}
          onChange={(event) => setAsked(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <Button type="submit" variant="default" disabled={!asked.trim()}>
          Show
        </Button>
      </form>
      {error !== undefined && <Problem error={error} />}
    </search>
  );
}
