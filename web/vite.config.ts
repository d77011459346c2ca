import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./tools/budget.ts";
import { licences } from "./tools/licences.ts";

// What `clew serve` gives out; git knows nothing of it, the wheel takes it in.
const PACKAGE = fileURLToPath(new URL("../src/clew/ui", import.meta.url));
const CLEW = process.env.CLEW_URL ?? "http://127.0.0.1:7070";

export default defineConfig({
  plugins: [react(), budget(), licences()],
  build: {
    outDir: PACKAGE,
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // The content security policy allows no data: addresses but for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { port: 7071, strictPort: true, proxy: { "/api": CLEW, "/readyz": CLEW } },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node",
    restoreMocks: true,
    testTimeout: 60_000,
  },
});
