/** A question before something stops or starts. Escape says no. */
import { Button, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";

export function Confirm({
  title,
  yes,
  danger,
  busy,
  onYes,
  onNo,
  children,
}: {
  title: string;
  yes: string;
  danger?: boolean;
  busy?: boolean;
  onYes: () => void;
  onNo: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened onClose={onNo} title={title} size="sm" closeButtonProps={{ "aria-label": "Close" }}>
      {children}
      <Group justify="flex-end" gap={8} mt={20}>
        <Button variant="default" onClick={onNo}>
          Not now
        </Button>
        <Button color={danger ? "red.9" : undefined} loading={busy} onClick={onYes} data-autofocus>
          {yes}
        </Button>
      </Group>
    </Modal>
  );
}
