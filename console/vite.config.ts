/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { devServer } from "./dev.ts";

/** Built into the Python package; `volant up` serves it from there. */
const OUT = fileURLToPath(new URL("../src/volant/_console", import.meta.url));

export default defineConfig({
  plugins: [tanstackRouter(), react(), devServer()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsInlineLimit: 0, // a strict content security policy takes no data: scripts or fonts
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
  },
});
