/** Signing out: the session ends on the server, this window forgets everything. */
import { notifications } from "@mantine/notifications";
import { useRouter } from "@tanstack/react-router";
import { words } from "~/api/errors";
import { signOut } from "~/session/session";

export function useSignOut() {
  const router = useRouter();
  return async () => {
    try {
      await signOut();
      await router.navigate({ to: "/sign-in" });
    } catch (error) {
      const { title, hint } = words(error);
      notifications.show({ color: "red", title: "You are still signed in", message: `${title} ${hint}` });
    }
  };
}
