/** Everything of the kit with made-up values. Dev builds only; looked at by people, and by the tests of the kit. */
import { Button, Switch, useMantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { ApiError } from "~/api/errors";
import {
  Ago,
  CodeBlock,
  Columns,
  DiffView,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Graph,
  Histogram,
  Id,
  IntervalPlot,
  Key,
  KeyValue,
  Loading,
  Ms,
  Num,
  Page,
  PageHeader,
  Panel,
  Problem,
  Share,
  Sparkline,
  StatusBadge,
  Tag,
  TimeSeries,
  Tokens,
  Usd,
  VirtualTable,
  Waterfall,
} from "~/kit";
import { STATES } from "~/kit/states";

const START = Date.parse("2026-11-23T08:00:00Z");
const X = Array.from({ length: 120 }, (_, minute) => START + minute * 60_000);
const wave = (phase: number, size: number) =>
  X.map((_, at) => 40 + size * Math.sin(at / 14 + phase) + (at % 7));
const BINS = Array.from({ length: 32 }, (_, at) => ({
  from: at * 10,
  to: at * 10 + 10,
  count: Math.round(900 * Math.exp(-(((at - 9) / 6) ** 2))),
  marked: at > 22 ? 3 : 0,
}));
const ROWS = Array.from({ length: 50_000 }, (_, at) => ({ id: `inf_${String(at).padStart(32, "0")}`, at }));

export default function Gallery() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [range, setRange] = useState<[number, number] | undefined>([60, 120]);
  const [chosen, setChosen] = useState("mdl_2");
  const [states, setStates] = useState<string[]>(["live"]);
  const dark = colorScheme === "dark";
  return (
    <div style={{ height: "100vh" }}>
      <Page
        header={
          <PageHeader
            title="Kit"
            about="Every part of the console, with made-up values"
            actions={
              <Switch label="Dark" checked={dark} onChange={() => setColorScheme(dark ? "light" : "dark")} />
            }
          />
        }
      >
        <Panel title="States">
          <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
            {Object.keys(STATES).map((state) => (
              <StatusBadge key={state} state={state} />
            ))}
            <Tag tone="accent">control</Tag>
          </div>
        </Panel>
        <Columns>
          <Panel title="Values">
            <KeyValue
              rows={[
                ["Id", <Id key="1" id="mdl_01a208409bf8700091e42fd340878f6c" />],
                ["Ago", <Ago key="2" at_ms={START} />],
                ["Num", <Num key="3" value={1234567} />],
                ["Usd", <Usd key="4" value={0.000123} />],
                ["Ms", <Ms key="5" value={1250} />],
                ["Tokens", <Tokens key="6" input={29} output={8} />],
                ["Share", <Share key="7" value={0.7196} low={0.689} high={0.749} />],
                ["Sparkline", <Sparkline key="8" values={wave(0, 12)} label="Requests" />],
                ["Key", <Key key="9">g</Key>],
              ]}
            />
          </Panel>
          <Panel title="Loading">
            <Loading />
          </Panel>
          <Panel title="Problem">
            <Problem
              error={
                new ApiError(503, {
                  message: "the control process does not answer",
                  hint: "it starts or restarts",
                })
              }
              retry={() => {}}
            />
          </Panel>
          <Panel title="Empty">
            <Empty title="No run yet" action={<Button>Train a model</Button>}>
              A run is one execution of anything long.
            </Empty>
          </Panel>
        </Columns>
        <Panel title="TimeSeries" actions={<Button variant="default">An action</Button>}>
          <TimeSeries
            label="Latency"
            x={X}
            sync="kit"
            format={format.ms}
            lines={[
              { label: "p50", values: wave(0, 12), fill: true },
              { label: "p95", values: wave(1, 20).map((v) => v * 2) },
            ]}
            markers={[{ at: X[60] ?? 0, label: "release v2", tone: "ok" }]}
          />
          <TimeSeries
            label="Loss"
            sync="kit"
            xKind="step"
            height={120}
            x={X.map((_, at) => at)}
            lines={[{ label: "loss", values: X.map((_, at) => 3 / (1 + at / 10)) }]}
          />
        </Panel>
        <Columns>
          <Panel title="Histogram">
            <Histogram label="Latency" bins={BINS} chosen={range} onChoose={setRange} format={format.ms} />
          </Panel>
          <Panel title="IntervalPlot">
            <IntervalPlot
              label="Exact match"
              format={(value) => format.percent(value, 0)}
              rows={[
                {
                  label: "overall",
                  value: 0.72,
                  low: 0.689,
                  high: 0.749,
                  limit: 0.35,
                  baseline: { value: 0.439, low: 0.406, high: 0.473 },
                },
                {
                  label: "known",
                  value: 0.706,
                  low: 0.67,
                  high: 0.742,
                  baseline: { value: 0.644, low: 0.604, high: 0.682 },
                },
                {
                  label: "new",
                  value: 0.746,
                  low: 0.69,
                  high: 0.79,
                  tone: "ok",
                  baseline: { value: 0, low: 0, high: 0.023 },
                },
              ]}
            />
          </Panel>
        </Columns>
        <Columns>
          <Panel title="Graph">
            <Graph
              label="Lineage"
              chosen={chosen}
              onChoose={setChosen}
              nodes={[
                { id: "ds_1", title: "helpdesk@1", about: "dataset version", tone: "idle" },
                { id: "ds_2", title: "helpdesk@2", about: "dataset version", tone: "idle" },
                { id: "mdl_1", title: "helpdesk-intent@1", about: "retired", tone: "idle" },
                { id: "mdl_2", title: "helpdesk-intent@2", about: "live", tone: "ok" },
                { id: "rep_1", title: "accuracy", about: "report", tone: "info" },
                { id: "rel_1", title: "release", about: "rolled back", tone: "bad" },
              ]}
              edges={[
                { from: "ds_1", to: "ds_2" },
                { from: "ds_1", to: "mdl_1" },
                { from: "ds_2", to: "mdl_2" },
                { from: "mdl_1", to: "mdl_2" },
                { from: "mdl_2", to: "rep_1" },
                { from: "mdl_2", to: "rel_1" },
                { from: "rep_1", to: "rel_1" },
              ]}
            />
          </Panel>
        </Columns>
        <Columns>
          <Panel title="Waterfall">
            <Waterfall
              spans={[
                { id: "a", name: "inference", start_ms: 0, duration_ms: 42 },
                { id: "b", parent: "a", name: "guardrails", start_ms: 1, duration_ms: 4, tone: "idle" },
                {
                  id: "c",
                  parent: "a",
                  name: "helpdesk-intent-v2",
                  start_ms: 6,
                  duration_ms: 12,
                  tone: "bad",
                },
                { id: "d", parent: "a", name: "standby (fallback)", start_ms: 19, duration_ms: 22 },
              ]}
            />
          </Panel>
          <Panel title="DiffView">
            <DiffView
              label="Prompt"
              before={"You are a clerk.\nAnswer in JSON.\nBe short."}
              after={"You are a helpful clerk.\nAnswer in JSON.\nBe short.\nNever guess."}
            />
          </Panel>
          <Panel title="CodeBlock">
            <CodeBlock value={{ intent: "<b>card_lost</b>", sure: true, score: 0.98, none: null }} />
          </Panel>
        </Columns>
        <Panel title="VirtualTable: 50,000 rows" flush>
          <FilterBar text={{ value: "", onChange: () => {}, placeholder: "Filter" }}>
            <FilterChip
              name="State"
              choices={[{ value: "live" }, { value: "blocked" }]}
              chosen={states}
              onChange={setStates}
            />
          </FilterBar>
          <div style={{ height: 320, display: "flex" }}>
            <VirtualTable
              label="Made-up traces"
              rows={ROWS}
              rowKey={(row) => row.id}
              columns={[
                { id: "id", head: "Id", width: "minmax(160px, 1fr)", cell: (row) => <Id id={row.id} /> },
                {
                  id: "state",
                  head: "State",
                  width: "160px",
                  cell: (row) => <StatusBadge state={row.at % 9 ? "ok" : "failed"} />,
                },
                {
                  id: "ms",
                  head: "Latency",
                  width: "120px",
                  right: true,
                  cell: (row) => <Ms value={20 + (row.at % 100)} />,
                },
              ]}
              onOpen={() => {}}
            />
          </div>
        </Panel>
      </Page>
    </div>
  );
}
