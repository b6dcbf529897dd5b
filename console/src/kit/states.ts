/** Every state of everything, once: its tone and its icon. A state nobody wrote here shows quiet, with its own name. */
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconBan,
  IconCheck,
  IconCircle,
  IconCircleDashed,
  IconClock,
  IconEye,
  IconLoader2,
  IconPlayerPause,
  IconPlayerStop,
  IconPointFilled,
  IconQuestionMark,
  IconTrendingUp,
  IconX,
} from "@tabler/icons-react";

export type Tone = "ok" | "warn" | "bad" | "info" | "idle" | "accent";
type Look = [Tone, typeof IconCheck, string?];

export const STATES: Record<string, Look> = {
  // models
  registered: ["idle", IconCircle],
  live: ["ok", IconPointFilled],
  blocked: ["bad", IconBan],
  retired: ["idle", IconCircleDashed],
  flagged: ["warn", IconAlertTriangle],
  // runs, workflows, processes
  queued: ["idle", IconClock],
  waiting: ["idle", IconClock],
  running: ["info", IconLoader2],
  succeeded: ["ok", IconCheck],
  done: ["ok", IconCheck],
  success: ["ok", IconCheck],
  failed: ["bad", IconX],
  error: ["bad", IconX],
  cancelled: ["idle", IconPlayerStop],
  stopping: ["warn", IconPlayerStop],
  exited: ["idle", IconPlayerStop],
  // verdicts
  pass: ["ok", IconCheck, "passed"],
  fail: ["bad", IconX, "failed"],
  insufficient_evidence: ["warn", IconQuestionMark, "insufficient evidence"],
  // releases and rollouts
  pending: ["idle", IconClock],
  shadow: ["info", IconEye],
  canary: ["info", IconTrendingUp],
  rolling: ["info", IconTrendingUp, "rolling out"],
  rolling_out: ["info", IconTrendingUp, "rolling out"],
  holding: ["warn", IconPlayerPause],
  held: ["warn", IconPlayerPause],
  promoted: ["ok", IconCheck],
  rolled_back: ["bad", IconArrowBackUp, "rolled back"],
  superseded: ["idle", IconCircleDashed],
  needs_review: ["warn", IconEye, "needs review"],
  refused: ["bad", IconBan],
  // health
  healthy: ["ok", IconPointFilled],
  unhealthy: ["bad", IconAlertTriangle],
  unknown: ["idle", IconQuestionMark],
  // alerts, erasures, people, data
  firing: ["bad", IconAlertTriangle],
  resolved: ["ok", IconCheck],
  open: ["info", IconCircle],
  requested: ["info", IconClock],
  incomplete: ["bad", IconAlertTriangle],
  ready: ["ok", IconCheck],
  active: ["ok", IconPointFilled],
  locked: ["bad", IconBan],
  revoked: ["bad", IconBan],
  expired: ["idle", IconCircleDashed],
  approve: ["ok", IconCheck, "approved"],
  approved: ["ok", IconCheck],
  reject: ["bad", IconX, "rejected"],
  rejected: ["bad", IconX],
  erased: ["idle", IconBan],
  ok: ["ok", IconCheck],
};

export function look(state: string): { tone: Tone; icon: typeof IconCheck; label: string } {
  const [tone, icon, label] = STATES[state.toLowerCase()] ?? ["idle", IconCircle];
  return { tone, icon, label: label ?? state.toLowerCase().replaceAll("_", " ") };
}
