/** What needs a person: the most urgent first, each a link to where it is done. j, k, Enter. */
import {
  IconAlertTriangle,
  IconCalendarDue,
  IconCircleCheck,
  IconEraser,
  IconEye,
  IconFlag,
  IconHeartBroken,
  IconKey,
  IconPlayerPause,
  IconX,
} from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Answer } from "~/api/page";
import { Ago, Empty, Panel, Tag } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { placeOfLink } from "~/shell/places";
import css from "./loop.module.css";

type Item = Answer<"/api/v1/views/loop">["attention"][number];

const KINDS: Record<Item["kind"], [typeof IconEye, string]> = {
  review: [IconEye, "Review"],
  held: [IconPlayerPause, "Rollout on hold"],
  erasure: [IconEraser, "Erasure"],
  flagged: [IconFlag, "Flagged model"],
  failed_run: [IconX, "Failed run"],
  alert: [IconAlertTriangle, "Alert"],
  expiring_key: [IconKey, "Key"],
  unhealthy: [IconHeartBroken, "Health"],
  due: [IconCalendarDue, "Retraining due"],
};

/** `named`: say whose task it is, where there are several. */
export function Attention({ items, named }: { items: Item[]; named: boolean }) {
  const [at, setAt] = useState(-1);
  const navigate = useNavigate();
  const move = (to: number) => setAt(Math.max(0, Math.min(items.length - 1, to)));
  const here = items[at];
  useShortcuts([
    { keys: "j", label: "Next that needs a person", run: () => move(at + 1) },
    { keys: "k", label: "The one before", run: () => move(at - 1) },
    {
      keys: "Enter",
      label: "Go there",
      run: () => {
        const place = here && placeOfLink(here.link);
        // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
        if (place) void navigate({ to: place.to, search: place.search as any });
      },
    },
  ]);
  return (
    <Panel
      title="Needs a person"
      actions={
        items.length > 0 && <Tag tone={items.some(urgent) ? "bad" : "idle"}>{String(items.length)}</Tag>
      }
      flush
    >
      {items.length === 0 ? (
        <Empty title="Nothing waits for you" icon={IconCircleCheck}>
          <p>Reviews, held rollouts, alerts, failed runs and deadlines come up here.</p>
        </Empty>
      ) : (
        <ul className={css.list} aria-label="Needs a person">
          {items.map((item, number) => (
            <li key={`${item.kind} ${item.link.kind} ${item.link.id}`}>
              <Row item={item} on={number === at} named={named} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function urgent(item: Item): boolean {
  return item.urgency === "now";
}

function Row({ item, on, named }: { item: Item; on: boolean; named: boolean }) {
  const [Icon, name] = KINDS[item.kind];
  const place = placeOfLink(item.link);
  const inside = (
    <>
      <span className={`${css.itemIcon} ${urgent(item) ? css.bad : css.warn}`}>
        <Icon size={16} aria-hidden />
      </span>
      <div>
        <p>{item.sentence}</p>
        <div className={css.meta}>
          <span>{named && item.task ? `${name}, ${item.task}` : name}</span>
          {urgent(item) && <Tag tone="bad">now</Tag>}
          {item.due_ms > 0 && (
            <span>
              due <Ago at_ms={item.due_ms} />
            </span>
          )}
        </div>
      </div>
    </>
  );
  const looks = `${css.item} ${on ? css.itemOn : ""}`;
  if (!place) return <div className={looks}>{inside}</div>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    <Link to={place.to} search={place.search as any} className={looks} aria-current={on || undefined}>
      {inside}
    </Link>
  );
}
