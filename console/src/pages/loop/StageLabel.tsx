/** What stands beside a node of the ring: the stage's name, a sentence, and the model versions that are there. */
import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import { look } from "~/kit";
import css from "./loop.module.css";
import { type RingStage, type Stage, type StagedModel, standingAt, toneOf } from "./ring";

const MOST = 2;

export function StageLabel({
  stage,
  name,
  models,
  style,
  left,
  on,
  onOpen,
}: {
  stage: RingStage;
  name: string;
  models: StagedModel[];
  style: CSSProperties;
  left: boolean;
  on: boolean;
  onOpen: () => void;
}) {
  const { shown, retired } = standingAt(models, stage.stage as Stage);
  const more = shown.length - MOST;
  return (
    <div className={`${css.label} ${left ? css.leftOf : ""} ${css[toneOf(stage)]}`} style={style}>
      <button type="button" className={css.stageName} aria-expanded={on} onClick={onOpen}>
        {name}
        <span className={css.standing}>
          {stage.stage === "monitor" && stage.standing === "active" ? "watching" : WORDS[stage.standing]}
        </span>
      </button>
      <p className={stage.standing === "blocked" ? css.blockedSentence : css.sentence} title={stage.sentence}>
        {stage.sentence}
      </p>
      {(shown.length > 0 || retired.length > 0) && (
        <div className={css.chips}>
          {shown.slice(0, MOST).map((model) => (
            <ModelChip key={model.model_id} model={model} />
          ))}
          {more > 0 && (
            <button type="button" className="link-button" onClick={onOpen}>
              {more} more
            </button>
          )}
          {retired.length > 0 && (
            <button type="button" className={css.retired} onClick={onOpen}>
              {retired.length} retired
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** A model version; its colour and icon say how it stands. */
export function ModelChip({ model }: { model: StagedModel }) {
  const blocked = model.standing === "blocked";
  const { tone, icon: Icon, label } = look(blocked ? "blocked" : model.state);
  return (
    <Link
      to="/models/$modelId"
      params={{ modelId: model.model_id }}
      className={`${css.chip} ${css[tone]}`}
      title={model.sentence}
      aria-label={`${model.label}, ${label}: ${model.sentence}`}
    >
      <Icon size={12} stroke={2.2} aria-hidden />
      <span>{model.label}</span>
    </Link>
  );
}

const WORDS: Record<RingStage["standing"], string> = {
  idle: "nothing yet",
  waiting: "waits",
  active: "at work",
  done: "done",
  blocked: "blocked",
  retired: "retired",
};
