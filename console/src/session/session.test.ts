import { afterEach, describe, expect, it, vi } from "vitest";
import { api, context, send } from "~/api/client";
import { ApiError, OfflineError } from "~/api/errors";
import { chooseProject, forget, refusal, type Session, signIn } from "./session";

const session: Session = {
  person: { id: "p", name: "Ada", email: "ada@example.test", installation_admin: false },
  projects: [
    { id: "one", name: "One", role: "viewer", permissions: ["read"] },
    { id: "two", name: "Two", role: "admin", permissions: ["read", "release"] },
  ],
  csrf: "secret-csrf",
  expires_ms: 1,
};

function answers(status: number, body: unknown) {
  const fake = vi.fn<typeof fetch>(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fake);
  return fake;
}

afterEach(() => {
  vi.unstubAllGlobals();
  forget();
});

describe("a session", () => {
  it("is kept after signing in: changes carry its token, reads do not", async () => {
    answers(200, session);
    await signIn("ada@example.test", "a long password");
    const fake = answers(200, {});
    await send("POST", "/api/v1/x", {});
    await send("GET", "/api/v1/x");
    const sent = fake.mock.calls.map(([, init]) => new Headers(init?.headers).get("x-volant-csrf"));
    expect(sent).toEqual(["secret-csrf", null]);
  });

  it("gives the typed client its token and its project", async () => {
    answers(200, session);
    await signIn("ada@example.test", "a long password");
    chooseProject(session, "two");
    const fake = answers(200, {});
    await api.POST("/api/v1/documents/diff", {
      body: {} as never,
      baseUrl: "http://localhost/",
      fetch: (r) => fake(r),
    });
    const request = fake.mock.calls[0]?.[0] as Request;
    expect(request.headers.get("x-volant-csrf")).toBe("secret-csrf");
    expect(request.headers.get("x-volant-project")).toBe("two");
  });

  it("takes the project that the address names, and falls back to the first", () => {
    expect(chooseProject(session, "two")?.id).toBe("two");
    expect(chooseProject(session, "unknown")?.id).toBe("one");
    expect(context.project).toBe("one");
  });

  it("says why something is not allowed", () => {
    expect(refusal(session.projects[1], "release")).toBe("");
    expect(refusal(session.projects[0], "release")).toContain("viewer");
    expect(refusal(undefined, "read")).toContain("no project");
  });
});

describe("errors", () => {
  it("carry the server's words", async () => {
    answers(401, { error: { code: "password_wrong", message: "no", hint: "try again", retry_helps: false } });
    const error = await signIn("a", "b").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: "password_wrong", hint: "try again", status: 401 });
  });

  it("tell a lost server from a refusal", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("fetch failed");
    });
    await expect(send("GET", "/api/v1/x")).rejects.toBeInstanceOf(OfflineError);
  });
});
