/** One release: traffic, the gate's checklist, the sequential test, decisions, reviews; and the words a person may say. */
import { getRouteApi } from "@tanstack/react-router";
import { usePage } from "~/api/page";
import { ActionButton, Ago, Id, Loaded, Page, PageHeader, Panel, StatusBadge, Tag, useUrl } from "~/kit";
import type { Permission } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { To } from "~/shell/To";
import { ActDialog, TITLES } from "./ActDialog";
import { Checklist } from "./Checklist";
import { personOf, type ReleaseView, type Word } from "./looks";
import { ReviewDialog } from "./ReviewDialog";
import { Reviews } from "./Reviews";
import { RolloutPanels, Steps } from "./RolloutPanels";
import css from "./releases.module.css";
import { SplitBar } from "./SplitBar";

const route = getRouteApi("/_app/releases_/$releaseId");
export type Dialog = Word | "approve" | "reject";

export function ReleasePage() {
  const { releaseId } = route.useParams();
  const release = usePage("/api/v1/views/releases/{release_id}", { path: { release_id: releaseId } }, [
    "releases",
    "reviews",
    "traces",
  ]);
  const view = release.data;
  return (
    <Page
      header={
        <PageHeader
          title={view ? `Release of ${view.release.variant}` : "Release"}
          about={view && <StatusBadge state={view.release.state} />}
          actions={view?.rollout && <Words view={view} />}
        />
      }
    >
      <Loaded query={release} rows={14}>
        {(data) => <Parts view={data} />}
      </Loaded>
    </Page>
  );
}

function Parts({ view }: { view: ReleaseView }) {
  const [url, setUrl] = useUrl<{ say?: Dialog }>();
  const { rollout, traffic } = view;
  const running = rollout && !rollout.ended_ms;
  const close = () => setUrl({ say: undefined });
  const act = view.acts.find((one) => one.action === url.say);
  return (
    <>
      <Panel
        title={`Traffic of ${view.release.task} now`}
        actions={rollout?.held && running && <Tag tone="warn">held by {personOf(rollout.held_by)}</Tag>}
      >
        <SplitBar
          live={traffic.live_variant}
          candidate={traffic.candidate}
          share={traffic.share}
          mode={traffic.mode}
        />
        {rollout && <Steps rollout={rollout} />}
        <p className="second" style={{ margin: "16px 0 0" }}>
          {personOf(view.release.reason) || "No reason is noted."}
        </p>
        <Facts view={view} />
      </Panel>
      {rollout && <RolloutPanels rollout={rollout} />}
      <Panel
        flush
        title={view.gate ? `Gate ${view.gate}` : "Gate"}
        actions={view.outcome && <StatusBadge state={view.outcome} />}
      >
        {view.checklist.length ? (
          <Checklist checks={view.checklist} />
        ) : (
          <p className="second" style={{ margin: 0, padding: 16 }}>
            No gate judged it: a variant was rolled out by its name, so there is no evidence to read or to
            sign.
          </p>
        )}
      </Panel>
      <Reviews view={view} onSign={(say) => setUrl({ say })} />
      {act?.allowed && rollout && isWord(url.say) && (
        <ActDialog word={url.say} rollout={rollout} onClose={close} />
      )}
      {act?.allowed && (url.say === "approve" || url.say === "reject") && (
        <ReviewDialog view={view} decision={url.say} onClose={close} />
      )}
    </>
  );
}

function isWord(say: Dialog | undefined): say is Word {
  return say !== undefined && say in TITLES;
}

/** Promote, hold or resume, roll back: what does not fit now is disabled with the reason. */
function Words({ view }: { view: ReleaseView }) {
  const [, setUrl] = useUrl<{ say?: Dialog }>();
  const held = view.rollout?.held;
  const words: Word[] = [held ? "resume" : "hold", "rollback", "promote"];
  const act = (word: Word) => view.acts.find((one) => one.action === word);
  const say = (word: Word) => act(word)?.allowed && setUrl({ say: word });
  useShortcuts([
    { keys: "h", label: held ? "Resume" : "Hold", run: () => say(held ? "resume" : "hold") },
    { keys: "b", label: "Roll back", run: () => say("rollback") },
    { keys: "p", label: "Promote", run: () => say("promote") },
  ]);
  return (
    <>
      {words.map((word) => (
        <ActionButton
          key={word}
          needs={act(word)?.permission as Permission | undefined}
          refused={act(word)?.allowed ? "" : act(word)?.sentence}
          onClick={() => setUrl({ say: word })}
        >
          {TITLES[word]}
        </ActionButton>
      ))}
    </>
  );
}

function Facts({ view }: { view: ReleaseView }) {
  const { release, rollout, baseline_model } = view;
  return (
    <dl className={css.facts}>
      <div>
        <dt>Release</dt>
        <dd>
          <Id id={release.id} />
        </dd>
      </div>
      {release.model_id && (
        <div>
          <dt>Model</dt>
          <dd>
            <To link={{ kind: "model", id: release.model_id }}>{release.model_label || release.model_id}</To>
          </dd>
        </div>
      )}
      {baseline_model && (
        <div>
          <dt>Judged against</dt>
          <dd>
            <To link={baseline_model}>{baseline_model.title || baseline_model.id}</To>
          </dd>
        </div>
      )}
      {rollout && (
        <div>
          <dt>Rollout</dt>
          <dd>
            <Id id={rollout.id} />
          </dd>
        </div>
      )}
      <div>
        <dt>Made</dt>
        <dd>
          <Ago at_ms={release.created_ms} />
        </dd>
      </div>
      {release.ended_ms > 0 && (
        <div>
          <dt>Ended</dt>
          <dd>
            <Ago at_ms={release.ended_ms} />
          </dd>
        </div>
      )}
    </dl>
  );
}
