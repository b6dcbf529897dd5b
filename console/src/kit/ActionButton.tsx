/** A button for what needs a permission: disabled with the reason where the role may not. */
import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { MouseEventHandler, ReactNode } from "react";
import { type Permission, useRefusal } from "~/session/session";

interface Props extends ButtonProps {
  needs?: Permission;
  refused?: string; // another reason against it: "the rollout has ended"
  onClick?: MouseEventHandler<HTMLButtonElement>;
  children: ReactNode;
}

export function ActionButton({ needs, refused, onClick, children, ...rest }: Props) {
  const why = useRefusal(needs) || refused || "";
  const button = (
    <Button
      variant="default"
      {...rest}
      data-disabled={why ? true : undefined}
      aria-disabled={!!why}
      onClick={(event) => (why ? event.preventDefault() : onClick?.(event))}
    >
      {children}
    </Button>
  );
  return why ? <Tooltip label={why}>{button}</Tooltip> : button;
}
