/** In place of a list: why there is none, and what to do. */
import { IconLock, IconSearch } from "@tabler/icons-react";
import { CodeBlock, Empty } from "~/kit";

export function NotForYou({
  title = "Not for your role",
  reason,
  command,
}: {
  title?: string;
  reason: string;
  command?: string;
}) {
  return (
    <Empty title={title} icon={title === "Not for your role" ? IconLock : IconSearch}>
      <p>{reason}</p>
      {command && (
        <div style={{ marginTop: 12, minWidth: 420, textAlign: "left" }}>
          <CodeBlock value={command} label="Command" />
        </div>
      )}
    </Empty>
  );
}
