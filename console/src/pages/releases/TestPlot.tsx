/** The sequential test of one metric: its bounds and estimate at every look, against the boundary. */
import { IconCheck, IconCircleDot, IconX } from "@tabler/icons-react";
import { format } from "~/kit";
import { linear, path, ticks } from "~/kit/scale";
import { useWidth } from "~/kit/useWidth";
import { bound, nameOf, rangeOf, state, type Test } from "./looks";
import css from "./releases.module.css";

const HEIGHT = 200;
const BOX = { left: 56, right: 12, top: 18, bottom: 34 };
const ICONS = { ok: IconCheck, bad: IconX, info: IconCircleDot };

export function TestPlot({ test }: { test: Test }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { tone, sentence } = state(test);
  const Icon = ICONS[tone];
  return (
    <section>
      <h3 style={{ margin: "0 0 4px", fontSize: 13 }}>{nameOf(test.metric)}</h3>
      <p className={css.state}>
        <Icon size={14} stroke={2.2} aria-hidden className={css[tone]} />
        {sentence}
      </p>
      <div ref={box} className={css.plot} style={{ minHeight: HEIGHT }}>
        {width > 0 && test.points.length > 0 && <Drawing test={test} width={width} said={sentence} />}
        {test.points.length === 0 && <p className="quiet">It was not looked at yet.</p>}
      </div>
    </section>
  );
}

function Drawing({ test, width, said }: { test: Test; width: number; said: string }) {
  const { points } = test;
  const [low, high] = rangeOf(test);
  const [right, bottom] = [width - BOX.right, HEIGHT - BOX.bottom];
  const first = points[0]?.at_ms ?? 0;
  const last = points.at(-1)?.at_ms ?? first;
  const x = linear([first, Math.max(last, first + 1)], [BOX.left, right]);
  const y = linear([low, high], [bottom, BOX.top]);
  const inside = (value: number) => y(Math.max(low, Math.min(high, value)));
  const measured = points.filter((point) => point.n > 0);
  const upper = measured.map((point) => [x(point.at_ms), inside(point.upper)] as [number, number]);
  const lower = measured.map((point) => [x(point.at_ms), inside(point.lower)] as [number, number]);
  const band = measured.length > 1 ? `${path([...upper, ...lower.toReversed()])}Z` : "";
  const estimate = measured.map(
    (point) =>
      [x(point.at_ms), point.estimate === null ? null : inside(point.estimate)] as [number, number | null],
  );
  const turns = points.filter((point) => point.action !== "hold");
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`${nameOf(test.metric)} over the looks. ${said}`}
    >
      <rect
        x={BOX.left}
        width={right - BOX.left}
        y={BOX.top}
        height={Math.max(0, y(test.limit) - BOX.top)}
        fill="var(--v-bad-soft)"
        opacity={0.5}
      />
      {ticks(low, high, 4).map((tick) => (
        <g key={tick}>
          <line x1={BOX.left} x2={right} y1={y(tick)} y2={y(tick)} stroke="var(--v-border)" />
          <text x={BOX.left - 8} y={y(tick) + 4} textAnchor="end">
            {test.kind === "ceiling" ? `${format.num(tick * 100)} %` : `${format.num(tick * 100)} pts`}
          </text>
        </g>
      ))}
      {timesOf(first, last, width).map((at, number, all) => (
        <text
          key={at}
          x={x(at)}
          y={HEIGHT - 18}
          textAnchor={number === 0 ? "start" : number === all.length - 1 ? "end" : "middle"}
        >
          +{format.ms(Math.max(0, at - first))}
        </text>
      ))}
      <text x={(BOX.left + right) / 2} y={HEIGHT - 3} textAnchor="middle">
        since the first look
      </text>
      {band && <path d={band} fill="var(--v-series1)" opacity={0.16} />}
      <path d={path(upper)} fill="none" stroke="var(--v-series1)" strokeDasharray="4 3" />
      <path d={path(lower)} fill="none" stroke="var(--v-series1)" strokeDasharray="4 3" />
      <path d={path(estimate)} fill="none" stroke="var(--v-series1)" strokeWidth={2} />
      <line
        x1={BOX.left}
        x2={right}
        y1={y(test.limit)}
        y2={y(test.limit)}
        stroke="var(--v-bad)"
        strokeWidth={1.5}
      />
      <text
        x={right - 4}
        y={y(test.limit) - 5 < BOX.top + 8 ? y(test.limit) + 13 : y(test.limit) - 5}
        textAnchor="end"
        style={{ fill: "var(--v-bad)" }}
      >
        limit {bound(test, test.limit)}
      </text>
      {turns.map((point, number) => (
        <g key={point.at_ms}>
          <line
            x1={x(point.at_ms)}
            x2={x(point.at_ms)}
            y1={BOX.top}
            y2={bottom}
            stroke="var(--v-text3)"
            strokeDasharray="2 3"
          />
          <text
            x={x(point.at_ms)}
            y={11}
            textAnchor={number === turns.length - 1 && x(point.at_ms) > right - 90 ? "end" : "start"}
            style={{ fill: "var(--v-text2)" }}
          >
            {DID[point.action] ?? point.action}
          </text>
        </g>
      ))}
      {measured.map((point) => (
        <g key={point.at_ms}>
          <circle
            cx={x(point.at_ms)}
            cy={inside(point.estimate ?? point.upper)}
            r={2.5}
            fill="var(--v-series1)"
            stroke="var(--v-surface)"
          />
          <rect x={x(point.at_ms) - 5} width={10} y={BOX.top} height={bottom - BOX.top} fill="transparent">
            <title>
              {`${format.exact(point.at_ms)}: ${bound(test, point.estimate)}, between ${bound(test, point.lower)} and ${bound(test, point.upper)}; ${point.n} canary users, ${format.percent(point.share, 0)} of all`}
            </title>
          </rect>
        </g>
      ))}
    </svg>
  );
}

const DID: Record<string, string> = { widen: "widened", promote: "promoted", rollback: "rolled back" };

/** A few moments between the first and the last look. */
function timesOf(first: number, last: number, width: number): number[] {
  if (last <= first) return [first];
  const count = width > 480 ? 4 : 2;
  return Array.from({ length: count + 1 }, (_, number) => first + ((last - first) * number) / count);
}
