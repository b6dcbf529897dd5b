/** What several sections of the settings share: the page's one request, dialogs, notes, a secret shown once. */
import { Button, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck, IconInfoCircle } from "@tabler/icons-react";
import type { UseMutationResult } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { words } from "~/api/errors";
import { type Answer, usePage } from "~/api/page";
import { CodeBlock } from "~/kit";
import css from "./settings.module.css";

export type Settings = Answer<"/api/v1/views/settings">;

/** One request serves projects, keys, tasks, prompts, policies and the configuration. */
export function useSettings() {
  return usePage("/api/v1/views/settings", {}, ["settings", "prompts", "people", "releases", "models"]);
}

export function said(message: string) {
  notifications.show({
    message,
    color: "teal",
    icon: <IconCheck size={16} />,
    autoClose: 4000,
    closeButtonProps: { "aria-label": "Close" },
  });
}

/** A refusal as a sentence, above the button that was pressed. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  const { title, hint } = words(error);
  return (
    <Callout tone="bad" role="alert">
      {title}
      {hint && ` ${hint}`}
    </Callout>
  );
}

export function Callout({
  tone = "info",
  role,
  children,
}: {
  tone?: "info" | "warn" | "ok" | "bad";
  role?: "alert" | "status";
  children: ReactNode;
}) {
  const Icon = tone === "info" ? IconInfoCircle : tone === "ok" ? IconCheck : IconAlertTriangle;
  return (
    <div className={`${css.callout} ${tone === "info" ? "" : css[`${tone}Callout`]}`} role={role}>
      <Icon size={16} aria-hidden />
      <p>{children}</p>
    </div>
  );
}

/** A dialog around a form. */
export function FormDialog<V, R>({
  title,
  change,
  submit,
  label,
  disabled,
  size = "md",
  onClose,
  children,
}: {
  title: string;
  change: UseMutationResult<R, Error, V>;
  submit: () => void;
  label: string; // of the button
  disabled?: boolean;
  size?: string;
  onClose: () => void;
  children: ReactNode;
}) {
  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!disabled) submit();
  }
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <form onSubmit={onSubmit} className={css.form}>
        {children}
        <Refusal error={change.error} />
        <div className={css.formEnd}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending} disabled={disabled}>
            {label}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Are you sure: what it does, in a sentence, and a button that says it again. */
export function Confirm<R>({
  title,
  change,
  label,
  danger,
  onClose,
  children,
}: {
  title: string;
  change: UseMutationResult<R, Error, void>;
  label: string;
  danger?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <div className={css.form}>
        <div className="second">{children}</div>
        <Refusal error={change.error} />
        <div className={css.formEnd}>
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button
            color={danger ? "red.9" : undefined}
            loading={change.isPending}
            onClick={() => change.mutate(undefined, { onSuccess: onClose })}
          >
            {label}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

/** Something in clear that the server never shows again. */
export function ShownOnce({
  title,
  about,
  value,
  label,
  onClose,
  children,
}: {
  title: string;
  about: string;
  value: string;
  label: string;
  onClose: () => void;
  children?: ReactNode;
}) {
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeOnClickOutside={false}>
      <div className={css.secret}>
        <Callout tone="warn">{about}</Callout>
        <CodeBlock value={value} label={label} wrap />
        {children}
        <div className={css.formEnd}>
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  );
}

/** `Ada Lovelace (usr_…)` as stored → the name. */
export function nameOf(who: string): string {
  return who.replace(/ \((?:usr|key)_[^)]*\)$/, "");
}
