/** One deployment: its circuit in each worker, load against limits, the last hour, failures by code, who uses it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Ago, Drawer, format, KeyValue } from "~/kit";
import { Callout } from "../settings/parts";
import css from "./deployments.module.css";
import { type Row, stateOf, troubles } from "./places";
import { CircuitBadge, Fill, Minutes } from "./State";

export function DeploymentDrawer({
  row,
  recent,
  onClose,
}: {
  row: Row;
  recent: number;
  onClose: () => void;
}) {
  const bad = troubles(row);
  return (
    <Drawer
      title={row.name}
      label={`Deployment ${row.name}`}
      width={600}
      actions={<CircuitBadge state={stateOf(row)} />}
      onClose={onClose}
    >
      <div className={css.stack}>
        {bad.map((sentence) => (
          <Callout key={sentence} tone="warn">
            {sentence}
          </Callout>
        ))}
        <Now row={row} />
        <Hour row={row} />
        <Failed row={row} recent={recent} />
        <UsedBy row={row} />
        <Place row={row} />
      </div>
    </Drawer>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Now({ row }: { row: Row }) {
  const { live } = row;
  if (!live)
    return (
      <Part title="Now">
        <p className="quiet">
          {row.engine
            ? "Its engine is not up, so no worker calls it."
            : "No worker of this machine speaks of it: is the gateway up?"}
        </p>
      </Part>
    );
  return (
    <Part title="Now">
      <dl className={css.figures}>
        <Figure name="Under way">
          <Fill value={live.in_flight} limit={live.max_in_flight} label="Under way" />
        </Figure>
        <Figure name="Requests a minute">
          <Fill value={live.requests_minute} limit={row.requests_per_minute} label="Requests a minute" />
        </Figure>
        <Figure name="Tokens a minute">
          <Fill
            value={Math.round(live.tokens_minute)}
            limit={row.tokens_per_minute}
            label="Tokens a minute"
          />
        </Figure>
        <Figure name="First token">
          <span className="num">{format.ms(live.ttft_ms || undefined)}</span>
        </Figure>
      </dl>
      <div className={css.scroll} style={{ marginTop: 16 }}>
        <table className={css.table} aria-label="Workers">
          <thead>
            <tr>
              <th>Worker</th>
              <th>Circuit</th>
              <th className={css.right}>Failures in a row</th>
              <th className={css.right}>Under way</th>
              <th className={css.right}>First token</th>
            </tr>
          </thead>
          <tbody>
            {live.workers.map((one) => (
              <tr key={one.worker}>
                <td>{one.worker}</td>
                <td>
                  {one.state.replaceAll("_", " ")}
                  {one.rests_ms > 0 && <span className="quiet">, {format.ms(one.rests_ms)} more</span>}
                </td>
                <td className={css.right}>{format.num(one.failures)}</td>
                <td className={css.right}>
                  {format.num(one.in_flight)} of {format.num(one.max_in_flight)}
                </td>
                <td className={css.right}>{format.ms(one.ttft_ms || undefined)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}

function Hour({ row }: { row: Row }) {
  const { hour } = row;
  return (
    <Part title="The last hour">
      {hour?.requests ? (
        <>
          <Minutes minutes={row.minutes} errors={row.minute_errors} height={56} />
          <dl className={css.figures} style={{ marginTop: 12 }}>
            <Figure name="Requests">{format.num(hour.requests)}</Figure>
            <Figure name="Failed">{format.percent(hour.error_share, 2)}</Figure>
            <Figure name="p50">{format.ms(hour.latency_ms_p50)}</Figure>
            <Figure name="p95">{format.ms(hour.latency_ms_p95)}</Figure>
            <Figure name="Tokens">{format.short(hour.input_tokens + hour.output_tokens)}</Figure>
            <Figure name="Cost">{format.usd(hour.cost_usd)}</Figure>
          </dl>
        </>
      ) : (
        <p className="quiet">Nobody's request was answered here.</p>
      )}
      <p className="quiet" style={{ marginTop: 8 }}>
        In 24 hours: {format.num(row.day_requests)} requests, {format.num(row.day_errors)} failed,{" "}
        {format.num(row.day_fallbacks)} as a fallback, {format.usd(row.day_cost_usd)}.{" "}
        <Link to="/traces" search={{ deployment: row.name }} className="text-link">
          Its answers
        </Link>
      </p>
    </Part>
  );
}

function Failed({ row, recent }: { row: Row; recent: number }) {
  return (
    <Part title="Failed calls by code">
      {row.failures.length === 0 ? (
        <p className="quiet">
          {row.calls
            ? `None of its ${format.num(row.calls)} calls for the newest ${format.num(recent)} requests of the hour failed.`
            : "It was not called for any request of the last hour."}
        </p>
      ) : (
        <div className={css.scroll}>
          <table className={css.table} aria-label="Failed calls by code">
            <thead>
              <tr>
                <th>Code</th>
                <th className={css.right}>Status</th>
                <th className={css.right}>Calls</th>
                <th className={css.right}>Last</th>
                <th>Newest</th>
              </tr>
            </thead>
            <tbody>
              {row.failures.map((one) => (
                <tr key={one.code}>
                  <td className="mono">{one.code}</td>
                  <td className={css.right}>{one.status || "–"}</td>
                  <td className={css.right}>{format.num(one.calls)}</td>
                  <td className={css.right}>
                    <Ago at_ms={one.last_ms} />
                  </td>
                  <td>
                    <Link to="/traces" search={{ open: one.inference_id }} className="text-link">
                      Trace
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Part>
  );
}

function UsedBy({ row }: { row: Row }) {
  return (
    <Part title="Used by">
      {row.used_by.length === 0 ? (
        <p className="quiet">
          No variant names it. A key that is <em>direct</em> may still ask for it.
        </p>
      ) : (
        <KeyValue
          rows={row.used_by.map((use): [ReactNode, ReactNode] => [
            <Link key="task" to="/settings/tasks" search={{ open: use.task } as never} className="text-link">
              {use.task}
            </Link>,
            `${use.variant}, as ${use.role}${use.live ? "; serves now" : ""}`,
          ])}
        />
      )}
    </Part>
  );
}

function Place({ row }: { row: Row }) {
  const rows: [ReactNode, ReactNode][] = [
    ["Provider", row.provider === "local" ? "an engine of ours" : row.provider],
    [
      "Model",
      row.model_id ? (
        <Link key="model" to="/models/$modelId" params={{ modelId: row.model_id }} className="text-link">
          {row.model}
        </Link>
      ) : (
        row.model
      ),
    ],
    [
      "Address",
      row.address ? (
        <span key="address" className="mono">
          {row.address}
        </span>
      ) : (
        "the provider's own"
      ),
    ],
    ["Credentials", row.credentials || "none"],
    ["Region", row.region || "none"],
    ["Priority, weight", `${row.priority}, ${format.num(row.weight, 2)}`],
    ["Context", row.context_tokens ? `${format.num(row.context_tokens)} tokens` : "not known"],
    ["Written by", row.origin === "document" ? "volant.toml" : "a release"],
  ];
  if (row.engine)
    rows.push([
      "Engine",
      `${row.engine}: ${row.engine_state || "not seen"}${row.restarts ? `, started again ${row.restarts} times` : ""}`,
    ]);
  return (
    <Part title="Where">
      <KeyValue rows={rows} />
    </Part>
  );
}
