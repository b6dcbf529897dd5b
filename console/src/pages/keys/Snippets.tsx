/** How to call with a key, per SDK; the key in clear only right after its making. */
import { NativeSelect } from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "~/kit";
import css from "./keys.module.css";
import { PLACEHOLDER, SDKS, type Sdk, snippet } from "./snippets";

export function Snippets({ url, tasks, clear }: { url: string; tasks: string[]; clear?: string }) {
  const [sdk, setSdk] = useState<Sdk>("openai-python");
  const [task, setTask] = useState(tasks[0] ?? "TASK");
  return (
    <div className={css.snippets}>
      <div className={css.pair}>
        <NativeSelect
          label="Call it with"
          data={SDKS.map(([value, label]) => ({ value, label }))}
          value={sdk}
          onChange={(event) => setSdk(event.currentTarget.value as Sdk)}
        />
        <NativeSelect
          label="Task"
          data={tasks.length ? tasks : ["TASK"]}
          value={task}
          onChange={(event) => setTask(event.currentTarget.value)}
        />
      </div>
      <CodeBlock
        value={snippet(sdk, url || window.location.origin, clear ?? PLACEHOLDER, task)}
        label="Example"
      />
      {!clear && (
        <p className="quiet">
          The key itself is not kept: put yours in place of <code className="mono">{PLACEHOLDER}</code>.
        </p>
      )}
    </div>
  );
}
