/** A key in clear, once, with what to do with it. */
import { ShownOnce } from "../settings/parts";
import { Snippets } from "./Snippets";

export interface Made {
  clear: string;
  name: string;
  tasks: string[]; // that it may call; empty: all
  calls: boolean; // it may call tasks at all
}

interface Props {
  made: Made;
  url: string;
  tasks: string[];
  onClose: () => void;
}

export function KeyShown({ made, url, tasks, onClose }: Props) {
  return (
    <ShownOnce
      title={`The key ${made.name}`}
      about="Copy it now: it is not kept in clear, and not shown again."
      value={made.clear}
      label="Key"
      onClose={onClose}
    >
      {made.calls && <Snippets url={url} tasks={made.tasks.length ? made.tasks : tasks} clear={made.clear} />}
    </ShownOnce>
  );
}
