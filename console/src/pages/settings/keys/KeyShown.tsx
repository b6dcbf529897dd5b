/** A key in clear, once, with what to do with it. */
import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "~/kit";
import { ShownOnce } from "../parts";
import { snippets } from "./keys";

export interface Made {
  clear: string;
  name: string;
  task?: string; // the first one it may call
  calls: boolean; // it may call tasks at all
}

export function KeyShown({ made, task, onClose }: { made: Made; task: string; onClose: () => void }) {
  const [how, setHow] = useState<"curl" | "python">("curl");
  const code = snippets(window.location.origin, made.clear, made.task ?? task);
  return (
    <ShownOnce
      title={`The key ${made.name}`}
      about="Copy it now: it is not kept in clear, and not shown again."
      value={made.clear}
      label="Key"
      onClose={onClose}
    >
      {made.calls && (
        <div style={{ display: "grid", gap: 8 }}>
          <SegmentedControl
            size="xs"
            aria-label="Example"
            style={{ justifySelf: "start" }}
            value={how}
            onChange={(value) => setHow(value as "curl" | "python")}
            data={[
              { value: "curl", label: "curl" },
              { value: "python", label: "Python (openai)" },
            ]}
          />
          <CodeBlock value={code[how]} label="Example" />
        </div>
      )}
    </ShownOnce>
  );
}
