/** The ring: six stages, what flows between them, and each model version where it stands. */
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconDatabase,
  IconFlame,
  IconHeartRateMonitor,
  IconMinus,
  IconPlayerPlayFilled,
  IconReportAnalytics,
  IconRocket,
  IconShieldCheck,
} from "@tabler/icons-react";
import type { CSSProperties } from "react";
import { format } from "~/kit";
import { Dial } from "./Dial";
import css from "./loop.module.css";
import {
  arc,
  at,
  COVERED,
  flows,
  NODE,
  R,
  type RingStage,
  SIZE,
  STAGES,
  type Stage,
  type TaskLoop,
  toneOf,
} from "./ring";
import { StageLabel } from "./StageLabel";

const ICONS: Record<Stage, typeof IconCheck> = {
  data: IconDatabase,
  train: IconFlame,
  evaluate: IconReportAnalytics,
  gate: IconShieldCheck,
  rollout: IconRocket,
  monitor: IconHeartRateMonitor,
};

const MARKS: Record<RingStage["standing"], typeof IconCheck> = {
  idle: IconMinus,
  waiting: IconClock,
  active: IconPlayerPlayFilled,
  done: IconCheck,
  blocked: IconAlertTriangle,
  retired: IconMinus,
};

export function Ring({
  loop,
  now_ms,
  open,
  onOpen,
}: {
  loop: TaskLoop;
  now_ms: number;
  open?: string;
  onOpen: (stage: Stage) => void;
}) {
  const byStage = new Map(loop.stages.map((stage) => [stage.stage, stage]));
  return (
    <div className={css.ring} style={{ height: SIZE }}>
      <svg
        viewBox={`${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`}
        width={SIZE}
        height={SIZE}
        className={css.wheel}
        role="img"
        aria-label={spoken(loop)}
      >
        <circle r={R} className={css.track} />
        {STAGES.map(({ id, turn }) => {
          const stage = byStage.get(id);
          return stage && <Arc key={id} stage={stage} from={turn + COVERED} to={turn + 60 - COVERED} />;
        })}
        <Dial spark={loop.spark} now_ms={now_ms} />
        {STAGES.map(({ id, turn }) => {
          const stage = byStage.get(id);
          return stage && <Node key={id} stage={stage} turn={turn} on={open === id} />;
        })}
      </svg>
      <Centre loop={loop} />
      {STAGES.map(({ id, name, turn }) => {
        const stage = byStage.get(id);
        const [x, y] = at(turn, R);
        const left = x < 0;
        const away = Math.abs(x) + NODE + 14;
        const style: CSSProperties = {
          top: SIZE / 2 + y,
          [left ? "right" : "left"]: `calc(50% + ${away}px)`,
          width: `calc(50% - ${away}px)`,
        };
        return (
          stage && (
            <StageLabel
              key={id}
              stage={stage}
              name={name}
              models={loop.models}
              style={style}
              left={left}
              on={open === id}
              onOpen={() => onOpen(id)}
            />
          )
        );
      })}
    </div>
  );
}

/** From a stage to the next: dots that move where things move on. */
function Arc({ stage, from, to }: { stage: RingStage; from: number; to: number }) {
  const moves = flows(stage);
  const red = stage.standing === "blocked";
  const path = arc(from, to, R);
  const middle = (from + to) / 2;
  const [x, y] = at(middle, R);
  return (
    <g className={red ? css.stuck : moves ? css.moving : css.still}>
      <path d={path} className={css.lane} />
      <path d={path} className={css.flow} />
      <circle cx={x} cy={y} r={10} className={css.knob} />
      <path
        d="M-3,-5L3,0L-3,5"
        className={css.chevron}
        transform={`translate(${x} ${y}) rotate(${middle + 90})`}
      />
    </g>
  );
}

function Node({ stage, turn, on }: { stage: RingStage; turn: number; on: boolean }) {
  const [x, y] = at(turn, R);
  const tone = toneOf(stage);
  const Icon = ICONS[stage.stage];
  const Mark = MARKS[stage.standing];
  const busy = stage.standing === "active";
  return (
    <g
      transform={`translate(${x} ${y})`}
      className={`${css.stageNode} ${css[tone]} ${on ? css.nodeOpen : ""}`}
    >
      {(busy || stage.standing === "blocked") && (
        <circle r={NODE + 6} className={busy ? css.halo : css.haloStill} />
      )}
      <circle r={NODE} className={css.disc} />
      <Icon x={-11} y={-11} size={22} stroke={1.7} />
      <g transform={`translate(${NODE * 0.72} ${NODE * 0.72})`}>
        <circle r={9.5} className={css.mark} />
        <Mark x={-6} y={-6} size={12} stroke={2.8} className={css.markIcon} />
      </g>
    </g>
  );
}

/** What serves now, and how the users are split while a rollout runs. */
function Centre({ loop }: { loop: TaskLoop }) {
  const share = Math.round(loop.candidate_share * 100);
  return (
    <div className={css.centre}>
      <div className={css.big}>{format.short(loop.day.requests)}</div>
      <div className={css.caption}>
        {loop.day.requests === 1 ? "request" : "requests"} in 24 h, answered by
      </div>
      <div className={css.serving} title={loop.live_variant}>
        {loop.live_variant}
      </div>
      {loop.candidate && (
        <>
          <div className={css.split} aria-hidden>
            <i style={{ width: `${Math.max(2, share)}%` }} />
          </div>
          <div className={css.caption}>
            {share} % of users: <strong>{loop.candidate}</strong>
          </div>
        </>
      )}
    </div>
  );
}

function spoken(loop: TaskLoop): string {
  const said = STAGES.map(({ id, name }) => {
    const stage = loop.stages.find((one) => one.stage === id);
    return stage ? `${name} ${stage.standing}` : name;
  });
  return `The loop of ${loop.task}: ${said.join(", ")}.`;
}
