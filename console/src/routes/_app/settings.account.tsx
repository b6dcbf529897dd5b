import { createFileRoute } from "@tanstack/react-router";
import { AccountPage } from "~/pages/settings/AccountPage";

export const Route = createFileRoute("/_app/settings/account")({ component: AccountPage });
