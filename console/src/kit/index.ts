/** The kit: what every page is made of. `/kit` shows it in dev builds. */
export { ActionButton } from "./ActionButton";
export { CodeBlock } from "./CodeBlock";
export { DiffView } from "./DiffView";
export { Drawer } from "./Drawer";
export { type Choice, FilterBar, FilterChip } from "./FilterBar";
export * as format from "./format";
export { Graph, type GraphNode } from "./Graph";
export { Columns, Page, PageHeader } from "./Page";
export { Boundary, Empty, Loaded, Loading, NoMatch, Panel, Problem, QueryPanel } from "./Panel";
export { type Bin, Histogram, type Interval, IntervalPlot, Sparkline } from "./plots";
export { look, type Tone } from "./states";
export { type Line, type Marker, TimeSeries } from "./TimeSeries";
export * as url from "./url";
export { useUrl } from "./url";
export { type Column, VirtualTable } from "./VirtualTable";
export {
  Ago,
  Hint,
  Id,
  Key,
  KeyValue,
  Ms,
  Num,
  PlainText,
  Share,
  StatusBadge,
  Tag,
  Tokens,
  Usd,
} from "./values";
export { type Span, Waterfall } from "./Waterfall";
