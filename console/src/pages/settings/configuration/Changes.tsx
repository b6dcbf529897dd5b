/** Changes of a configuration, each as what it is: added, removed, or a setting from one value to another. */
import { Tag } from "~/kit";
import css from "../settings.module.css";

export interface Change {
  action: string;
  kind: string;
  name: string;
  path?: string;
  before?: unknown;
  after?: unknown;
}

const SHOWN = 90;
const ONE: Record<string, string> = {
  deployments: "deployment",
  tasks: "task",
  prompts: "prompt",
  monitors: "monitor",
  gates: "gate",
  loops: "loop of",
};
const LOOK = {
  add: { tone: "ok", word: "added" },
  remove: { tone: "bad", word: "removed" },
  change: { tone: "warn", word: "changed" },
} as const;

export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <div>
      {changes.slice(0, SHOWN).map((one) => {
        const { tone, word } = LOOK[one.action as keyof typeof LOOK] ?? LOOK.change;
        return (
          <div key={`${one.action} ${one.kind} ${one.name} ${one.path ?? ""}`} className={css.change}>
            <span>
              <Tag tone={tone}>{word}</Tag>
            </span>
            <div>
              {one.name ? (
                <>
                  {ONE[one.kind] ?? one.kind} <b>{one.name}</b>
                </>
              ) : (
                <b>{one.kind}</b>
              )}
              {one.path && (
                <span className="second"> · {one.path.replaceAll(".", " › ").replaceAll("_", " ")}</span>
              )}
              {one.action === "change" && (
                <p>
                  <del>{short(one.before)}</del> → <ins>{short(one.after)}</ins>
                </p>
              )}
            </div>
          </div>
        );
      })}
      {changes.length > SHOWN && <p className="quiet">{changes.length - SHOWN} more.</p>}
    </div>
  );
}

function short(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (!text) return "empty";
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
