/** Follow the whole chain on the server, and say what came of it. */
import { Modal } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { get } from "~/api/page";
import { ActionButton, format, Id, KeyValue } from "~/kit";
import { Callout, Refusal } from "../parts";
import css from "../settings.module.css";

export function Verify() {
  const check = useMutation({ mutationFn: () => get("/api/v1/audit/verify", {}) });
  const found = check.data;
  return (
    <>
      <ActionButton
        needs="audit"
        leftSection={<IconShieldCheck size={14} />}
        loading={check.isPending}
        onClick={() => check.mutate()}
      >
        Verify
      </ActionButton>
      {(found || check.error) && (
        <Modal opened onClose={() => check.reset()} title="The chain of the audit log">
          <div className={css.form}>
            <Refusal error={check.error} />
            {found && (
              <>
                <Callout tone={found.intact ? "ok" : "bad"} role="status">
                  {found.sentence.charAt(0).toUpperCase() + found.sentence.slice(1)}.
                </Callout>
                <KeyValue
                  rows={[
                    ["Rows followed", format.num(found.rows)],
                    ...(found.first_bad_id
                      ? ([["First wrong row", String(found.first_bad_id)]] as [string, string][])
                      : []),
                    [
                      "Head",
                      <Id
                        key="head"
                        id={`${found.head_id}:${found.head_hash}`}
                        label={`${found.head_id}:${found.head_hash.slice(0, 16)}…`}
                      />,
                    ],
                  ]}
                />
                <p className={css.lead}>
                  Note the head somewhere else. A later check with it (
                  <code className="mono">volant audit verify --head</code>) shows that no row was cut off
                  since.
                </p>
              </>
            )}
          </div>
        </Modal>
      )}
    </>
  );
}
