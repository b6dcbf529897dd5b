/** A model card's Markdown as headings, tables and paragraphs: it is shown as text nodes, never as markup. Pure. */

export type Block = { kind: "text"; text: string } | { kind: "table"; head: string[]; rows: string[][] };

export interface Section {
  title: string;
  blocks: Block[];
}

export function sections(markdown: string): Section[] {
  const out: Section[] = [];
  let blocks: Block[] = [];
  for (const raw of markdown.split("\n")) {
    const text = raw.trim();
    const heading = /^#{2,6}\s+(.*)$/.exec(text)?.[1];
    if (heading !== undefined) {
      blocks = [];
      out.push({ title: heading, blocks });
    } else if (text.startsWith("|")) {
      row(blocks, text);
    } else if (text && !text.startsWith("# ")) {
      if (out.length === 0) out.push({ title: "", blocks });
      blocks.push({
        kind: "text",
        text: text
          .replace(/^[-*]\s+/, "· ")
          .replace(/^>\s*/, "")
          .replaceAll(/\*\*|`/g, ""),
      });
    }
  }
  return out.filter((section) => section.blocks.length > 0);
}

function row(blocks: Block[], text: string) {
  const cells = text
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const last = blocks.at(-1);
  if (last?.kind !== "table") blocks.push({ kind: "table", head: cells, rows: [] });
  else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) last.rows.push(cells);
}
