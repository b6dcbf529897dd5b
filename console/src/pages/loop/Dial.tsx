/** The last day as a dial inside the ring: a mark for each half hour, as long as it was busy. The present is on top. */
import { format } from "~/kit";
import css from "./loop.module.css";
import { at, SLOTS, type SparkPoint, slots } from "./ring";

const INNER = 122;
const LONGEST = 22;

export function Dial({ spark, now_ms }: { spark: SparkPoint[]; now_ms: number }) {
  const day = slots(spark, now_ms);
  const most = Math.max(1, ...spark.map((point) => point.requests));
  return (
    <g>
      {day.map((point, number) => {
        const turn = -90 + ((number - SLOTS + 1) * 360) / SLOTS;
        const long = point ? 5 + LONGEST * Math.sqrt(point.requests / most) : 3;
        const [x1, y1] = at(turn, INNER);
        const [x2, y2] = at(turn, INNER + long);
        const kind = point ? (point.errors > point.requests * 0.05 ? css.markBad : css.markOn) : css.markOff;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a clock's places
          <line key={number} x1={x1} y1={y1} x2={x2} y2={y2} className={kind}>
            {point && (
              <title>
                {`${format.exact(point.at_ms).slice(0, 16)}: ${format.num(point.requests)} requests, ${format.num(point.errors)} failed`}
              </title>
            )}
          </line>
        );
      })}
    </g>
  );
}
