/** People: members, invitations, and what each role may do. */
import { SegmentedControl } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { type Answer, usePage } from "~/api/page";
import { ActionButton, FilterBar, FilterChip, Page, PageHeader, Problem, useUrl, VirtualTable } from "~/kit";
import { useRefusal } from "~/session/session";
import { useShortcuts } from "~/shell/keys";
import { NotForYou } from "../NotForYou";
import { ShownOnce } from "../parts";
import { invitationColumns, memberColumns } from "./columns";
import { InvitationDrawer } from "./InvitationDrawer";
import { Invite } from "./Invite";
import { MemberDrawer } from "./MemberDrawer";
import { Roles } from "./Roles";

export type People = Answer<"/api/v1/views/people">;
export type Member = People["members"][number];
export type Invitation = People["invitations"][number];
type Shown = "members" | "invitations" | "roles";
interface Url {
  show?: Shown;
  q?: string;
  role?: string[];
  open?: string;
  make?: true;
}

export function PeoplePage() {
  const [url, setUrl] = useUrl<Url>();
  const refused = useRefusal("people");
  const people = usePage("/api/v1/views/people", {}, ["people"], { enabled: !refused });
  const [link, setLink] = useState<{ link: string; email: string }>();
  const show = url.show ?? "members";
  const invite = () => !refused && setUrl({ make: true });
  useShortcuts([{ keys: "n", label: "Invite somebody", run: invite }]);

  const q = (url.q ?? "").toLowerCase();
  const fits = useMemo(
    () => (one: { name?: string; email: string; role: string }) =>
      (!q || `${one.name ?? ""} ${one.email}`.toLowerCase().includes(q)) &&
      (!url.role?.length || url.role.includes(one.role)),
    [q, url.role],
  );
  const members = useMemo(() => (people.data?.members ?? []).filter(fits), [people.data, fits]);
  const invitations = useMemo(() => (people.data?.invitations ?? []).filter(fits), [people.data, fits]);
  const member = people.data?.members.find((one) => one.id === url.open);
  const invitation = people.data?.invitations.find((one) => one.id === url.open);

  return (
    <Page
      fill
      header={
        <PageHeader
          title="People"
          about={people.data && counted(people.data)}
          actions={
            <ActionButton needs="people" leftSection={<IconUserPlus size={14} />} onClick={invite}>
              Invite
            </ActionButton>
          }
        />
      }
    >
      {refused ? (
        <NotForYou reason={refused} />
      ) : (
        <>
          <FilterBar
            text={
              show === "roles"
                ? undefined
                : {
                    value: url.q ?? "",
                    onChange: (value) => setUrl({ q: value }),
                    placeholder: "Filter by name, e-mail",
                  }
            }
            end={
              <SegmentedControl
                size="xs"
                aria-label="Show"
                value={show}
                onChange={(value) => setUrl({ show: value as Shown, open: undefined })}
                data={["members", "invitations", "roles"].map((value) => ({
                  value,
                  label: value[0]?.toUpperCase() + value.slice(1),
                }))}
              />
            }
          >
            {show !== "roles" && (
              <FilterChip
                name="Role"
                choices={(people.data?.roles ?? []).map(({ role }) => ({ value: role }))}
                chosen={url.role ?? []}
                onChange={(role) => setUrl({ role })}
              />
            )}
          </FilterBar>
          {people.error && !people.data ? (
            <Problem error={people.error} retry={() => people.refetch()} />
          ) : show === "roles" ? (
            <Roles roles={people.data?.roles} />
          ) : show === "members" ? (
            <VirtualTable<Member>
              label="Members"
              rows={members}
              columns={memberColumns}
              rowKey={(row) => row.id}
              current={url.open}
              onOpen={(row) => setUrl({ open: row.id }, true)}
              onMove={(row) => url.open && setUrl({ open: row.id })}
              rowHeight={52}
              loading={people.isPending}
              empty={<Nobody filtered={!!people.data?.members.length} />}
            />
          ) : (
            <VirtualTable<Invitation>
              label="Invitations"
              rows={invitations}
              columns={invitationColumns}
              rowKey={(row) => row.id}
              current={url.open}
              onOpen={(row) => setUrl({ open: row.id }, true)}
              onMove={(row) => url.open && setUrl({ open: row.id })}
              loading={people.isPending}
              empty={<Nobody filtered={!!people.data?.invitations.length} />}
            />
          )}
        </>
      )}
      {member && (
        <MemberDrawer
          key={member.id}
          member={member}
          onLink={setLink}
          onClose={() => setUrl({ open: undefined })}
        />
      )}
      {invitation && <InvitationDrawer invitation={invitation} onClose={() => setUrl({ open: undefined })} />}
      {url.make && !refused && <Invite onLink={setLink} onClose={() => setUrl({ make: undefined })} />}
      {link && (
        <ShownOnce
          title={`The link for ${link.email}`}
          about="It works once and is not shown again. Send it by a way that you trust: Volant sends no mail."
          value={link.link}
          label="Link"
          onClose={() => setLink(undefined)}
        />
      )}
    </Page>
  );
}

function counted({ members, invitations }: People): string {
  const open = invitations.filter((one) => one.state === "open").length;
  const here = `${members.length} ${members.length === 1 ? "member" : "members"}`;
  return open ? `${here}, ${open} invited` : here;
}

function Nobody({ filtered }: { filtered: boolean }) {
  return (
    <NotForYou
      title={filtered ? "Nobody matches" : "Nobody yet"}
      reason={filtered ? "Change the text or the role above." : "Press n to invite somebody, or:"}
      command={filtered ? "" : "volant person invite ada@example.com --role scientist"}
    />
  );
}
