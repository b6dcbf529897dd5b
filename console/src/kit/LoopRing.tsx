/** LoopRing: the loop with its stages, and what stands on it. Things on a stage are buttons of the keyboard. */
import css from "./kit.module.css";
import { placesOn, STAGES, type Stage } from "./ring";
import { look } from "./states";

export interface RingThing {
  id: string;
  stage: Stage;
  label: string; // "v2"
  state: string; // its colour, as everywhere
  about?: string;
}

const SIZE = 440;
const R = 148;
const C = SIZE / 2;

export function LoopRing({
  things,
  onOpen,
  centre,
}: {
  things: RingThing[];
  onOpen?: (thing: RingThing) => void;
  centre?: { title: string; about: string };
}) {
  const blocked = new Set(
    things.filter((thing) => look(thing.state).tone === "bad").map((thing) => thing.stage),
  );
  return (
    <svg
      viewBox={`0 0 ${SIZE} ${SIZE}`}
      className={css.chart}
      style={{ maxWidth: 560, display: "block", margin: "0 auto" }}
    >
      <title>The loop: data, train, evaluate, gate, roll out, monitor</title>
      <circle cx={C} cy={C} r={R} fill="none" stroke="var(--v-border)" strokeWidth={14} />
      {STAGES.map(({ id, name }, number) => {
        const from = angle(number) + 0.2;
        const to = angle(number + 1) - 0.2;
        const [x, y] = at(angle(number), R);
        const [tx, ty] = at(angle(number), R - 46);
        const red = blocked.has(id);
        return (
          <g key={id}>
            <path
              d={arc(from, to)}
              fill="none"
              stroke={red ? "var(--v-bad)" : "var(--v-series1)"}
              strokeWidth={2}
              opacity={0.7}
            />
            <path d={arrow(to)} fill={red ? "var(--v-bad)" : "var(--v-series1)"} opacity={0.7} />
            <circle
              cx={x}
              cy={y}
              r={13}
              fill={red ? "var(--v-bad-soft)" : "var(--v-surface)"}
              stroke={red ? "var(--v-bad)" : "var(--v-series1)"}
              strokeWidth={2}
            />
            <text
              x={x}
              y={y + 4}
              textAnchor="middle"
              style={{ fontWeight: 600, fill: red ? "var(--v-bad)" : "var(--v-accent)" }}
            >
              {number + 1}
            </text>
            <text
              x={tx}
              y={ty + 4}
              textAnchor="middle"
              style={{ fontSize: 12.5, fontWeight: 550, fill: "var(--v-text)" }}
            >
              {name}
            </text>
          </g>
        );
      })}
      {placesOn(things).map(({ thing, x: dx, row }) => {
        const number = STAGES.findIndex((stage) => stage.id === thing.stage);
        const [x, y] = at(angle(number), R + 40 + row * 24);
        const { tone } = look(thing.state);
        const width = Math.max(30, thing.label.length * 7 + 16);
        return (
          <g
            key={thing.id}
            className={`${css.node} ${css[tone]}`}
            transform={`translate(${x + dx - width / 2} ${y - 10})`}
            role="button"
            tabIndex={onOpen ? 0 : undefined}
            aria-label={`${thing.label}, ${thing.state}${thing.about ? `, ${thing.about}` : ""}`}
            onClick={() => onOpen?.(thing)}
            onKeyDown={(event) => {
              if (event.key === "Enter" || event.key === " ") onOpen?.(thing);
            }}
          >
            <title>{thing.about ?? thing.state}</title>
            <rect
              width={width}
              height={20}
              rx={10}
              style={{ fill: "var(--tone-soft)", stroke: "var(--tone)" }}
            />
            <text x={width / 2} y={14} textAnchor="middle" style={{ fill: "var(--tone)", fontWeight: 600 }}>
              {thing.label}
            </text>
          </g>
        );
      })}
      {centre && (
        <>
          <text
            x={C}
            y={C - 2}
            textAnchor="middle"
            style={{ fontSize: 15, fontWeight: 600, fill: "var(--v-text)" }}
          >
            {centre.title}
          </text>
          <text x={C} y={C + 18} textAnchor="middle">
            {centre.about}
          </text>
        </>
      )}
    </svg>
  );
}

function angle(stage: number): number {
  return -Math.PI / 2 + (stage * 2 * Math.PI) / STAGES.length;
}

function at(turn: number, radius: number): [number, number] {
  return [C + Math.cos(turn) * radius, C + Math.sin(turn) * radius];
}

function arc(from: number, to: number): string {
  const [a, b] = [at(from, R), at(to, R)];
  return `M${a[0]},${a[1]}A${R},${R} 0 0 1 ${b[0]},${b[1]}`;
}

function arrow(turn: number): string {
  const tip = at(turn + 0.035, R);
  const [left, right] = [at(turn - 0.02, R - 5), at(turn - 0.02, R + 5)];
  return `M${tip[0]},${tip[1]}L${left[0]},${left[1]}L${right[0]},${right[1]}Z`;
}
