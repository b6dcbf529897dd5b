/** The model card: its sections as text and tables, and the Markdown to copy. */
import { CodeBlock, Panel } from "~/kit";
import { type Block, sections } from "./card";
import css from "./model.module.css";

export function Card({ markdown }: { markdown: string }) {
  return (
    <>
      <div className={css.card}>
        {sections(markdown).map((section) => (
          <Panel key={section.title} title={section.title || "Notice"} className={css.section}>
            {section.blocks.map((block, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change its order
              <Part key={number} block={block} />
            ))}
          </Panel>
        ))}
      </div>
      <Panel title="As Markdown">
        <CodeBlock value={markdown} wrap label="Model card as Markdown" />
      </Panel>
    </>
  );
}

function Part({ block }: { block: Block }) {
  if (block.kind === "text") return <p className={css.text}>{block.text}</p>;
  return (
    <table className={css.table}>
      <thead>
        <tr>
          {block.head.map((cell) => (
            <th key={cell} scope="col">
              {cell}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {block.rows.map((cells) => (
          <tr key={cells.join()}>
            {cells.map((cell, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns
              <td key={number}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
