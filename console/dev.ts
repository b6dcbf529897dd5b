/**
 * The dev server's way to a running Volant. Never part of the build.
 *
 *   VOLANT_URL=http://127.0.0.1:8321 VOLANT_KEY=$(cat DATA/root.key) npm run dev
 *
 * With VOLANT_KEY every API request carries that key and a session of an admin is answered here; without it, sign in
 * as usual.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin, PreviewServer, ViteDevServer } from "vite";

const URL_OF = process.env.VOLANT_URL ?? "http://127.0.0.1:8321";
const KEY = process.env.VOLANT_KEY ?? "";
const EVERY =
  "inference feedback read content configure data train evaluate review release operate keys erase audit people";

export function devServer(): Plugin {
  const headers: Record<string, string> = KEY ? { authorization: `Bearer ${KEY}` } : {};
  const proxy = { "/api": { target: URL_OF, changeOrigin: !!KEY, headers } };
  return {
    name: "volant-dev-server",
    config: () => ({ server: { proxy }, preview: { proxy } }),
    configureServer: answerSession,
    configurePreviewServer: answerSession,
  };
}

function answerSession(server: ViteDevServer | PreviewServer) {
  if (!KEY) return;
  server.middlewares.use("/api/v1/session", (request: IncomingMessage, response: ServerResponse, next) => {
    const body = request.url === "/methods" ? { password: true, oidc: [], setup: false } : SESSION;
    if (request.url !== "/methods" && request.url !== "/") return next();
    response.setHeader("content-type", "application/json");
    response.statusCode = request.method === "DELETE" ? 204 : 200;
    response.end(request.method === "DELETE" ? "" : JSON.stringify(body));
  });
}

const SESSION = {
  person: { id: "dev", name: "Dev Eloper", email: "dev@localhost", installation_admin: true },
  projects: [{ id: "default", name: "default", role: "admin", permissions: EVERY.split(" ") }],
  csrf: "dev",
  expires_ms: 4102444800000,
};
