/** The filters above the list: words, chips with the values that there are, and what links of other pages set. */
import { IconX } from "@tabler/icons-react";
import { type Choice, FilterBar, FilterChip, format } from "~/kit";
import {
  EXACT,
  type Exact,
  type Filters,
  isFiltered,
  NOTHING,
  type Numbers,
  type Outcome,
  type Range,
  read,
} from "./filters";
import type { Open } from "./TracesPage";
import css from "./traces.module.css";

interface Props {
  filters: Filters;
  numbers: Numbers | undefined;
  set: (change: Partial<Filters & Open>, push?: boolean) => void;
}

const FACETS: [Exact, string][] = [
  ["task", "Task"],
  ["variant", "Variant"],
  ["deployment", "Deployment"],
  ["arm", "Arm"],
  ["error_code", "Error"],
];
const SHOWN = new Set<string>(FACETS.map(([name]) => name));

const OUTCOMES: { value: Outcome; label: string }[] = [
  { value: "failed", label: "failed" },
  { value: "answered", label: "answered" },
  { value: "fallback", label: "by a fallback" },
  { value: "streamed", label: "streamed" },
  { value: "accepted", label: "accepted" },
  { value: "corrected", label: "corrected" },
  { value: "found", label: "with a finding" },
];
const RANGES: { value: Range; label: string }[] = [
  { value: "15m", label: "last 15 minutes" },
  { value: "1h", label: "last hour" },
  { value: "24h", label: "last day" },
  { value: "7d", label: "last week" },
];

export function TracesBar({ filters, numbers, set }: Props) {
  const linked = EXACT.filter((name) => !SHOWN.has(name) && filters[name]);
  return (
    <FilterBar
      text={{
        value: filters.q ?? "",
        placeholder: "Id, item, user:name, tag:a:b",
        onChange: (q) => {
          const { open } = read(q);
          set(open ? { open, q: undefined } : { q });
        },
      }}
      end={
        isFiltered(filters) && (
          <button type="button" className="link-button" onClick={() => set(NOTHING)}>
            Clear all
          </button>
        )
      }
    >
      <FilterChip
        single
        name="Time"
        choices={RANGES}
        chosen={filters.range ? [filters.range] : []}
        onChange={([range]) =>
          set({ range: range as Range | undefined, since_ms: undefined, until_ms: undefined })
        }
      />
      <FilterChip
        single
        name="Outcome"
        choices={OUTCOMES}
        chosen={filters.outcome ? [filters.outcome] : []}
        onChange={([outcome]) => set({ outcome: outcome as Outcome | undefined })}
      />
      {FACETS.map(([name, label]) => (
        <FilterChip
          key={name}
          single
          name={label}
          choices={choices(numbers?.facets[name], filters[name])}
          chosen={filters[name] ? [filters[name] as string] : []}
          onChange={([value]) => set({ [name]: value })}
        />
      ))}
      {linked.map((name) => (
        <Linked
          key={name}
          name={name}
          value={filters[name] ?? ""}
          onRemove={() => set({ [name]: undefined })}
        />
      ))}
      {filters.status !== undefined && (
        <Linked name="status" value={String(filters.status)} onRemove={() => set({ status: undefined })} />
      )}
      {(filters.since_ms || filters.until_ms) && (
        <Linked
          name="from"
          value={`${filters.since_ms ? format.exact(filters.since_ms) : "the beginning"} to ${filters.until_ms ? format.exact(filters.until_ms) : "now"}`}
          onRemove={() => set({ since_ms: undefined, until_ms: undefined })}
        />
      )}
    </FilterBar>
  );
}

/** A filter that has no menu: it can only be taken away. */
function Linked({ name, value, onRemove }: { name: string; value: string; onRemove: () => void }) {
  const words = name.replace(/_(id|code)$/, "").replaceAll("_", " ");
  return (
    <span className={css.linked}>
      {format.title(words)}: {format.shortId(value)}
      <button type="button" aria-label={`Remove the filter ${words}`} onClick={onRemove}>
        <IconX size={12} aria-hidden />
      </button>
    </span>
  );
}

function choices(
  values: { value: string; count: number }[] | undefined,
  chosen: string | undefined,
): Choice[] {
  const all = values ?? [];
  const missing = chosen && !all.some((one) => one.value === chosen) ? [{ value: chosen, count: 0 }] : [];
  return [...all, ...missing].map(({ value, count }) => ({
    value,
    label: (
      <span className={css.choice}>
        {value} <span className="quiet num">{format.num(count)}</span>
      </span>
    ),
  }));
}
