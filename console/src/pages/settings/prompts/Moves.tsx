/** Where a prompt's labels have pointed, newest first. */
import { Ago, Panel, Tag } from "~/kit";
import { nameOf } from "../parts";
import css from "../settings.module.css";
import type { PromptView } from "./PromptPage";

export function Moves({ view }: { view: PromptView }) {
  if (view.moves.length === 0) {
    return (
      <Panel title="Labels’ history">
        <p className={css.lead}>No label was ever moved. Point one at a version above.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Labels’ history" flush>
      <div className={css.scrollX} style={{ marginTop: 8 }}>
        <table className={css.plain}>
          <thead>
            <tr>
              <th>Label</th>
              <th>Moved</th>
              <th>By</th>
              <th>Why</th>
              <th className={css.right}>When</th>
            </tr>
          </thead>
          <tbody>
            {view.moves.slice(0, 90).map((move) => (
              <tr key={`${move.label} ${move.moved_ms} ${move.version}`}>
                <td>
                  <Tag tone={move.label === "production" ? "ok" : "info"}>{move.label}</Tag>
                </td>
                <td>
                  {move.from_version ? `${move.from_version} → ${move.version}` : `to ${move.version}, new`}
                </td>
                <td>{nameOf(move.moved_by)}</td>
                <td>{move.comment || <span className="quiet">–</span>}</td>
                <td className={css.right}>
                  <Ago at_ms={move.moved_ms} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
