// Writes src/api/schema.d.ts from ../openapi.json. With --check: changes nothing, fails when it is stale.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const banner = "// Generated from openapi.json by `npm run generate`; do not edit.\n";
const wanted = banner + astToString(await openapiTS(source));

let there = "";
try {
  there = readFileSync(target, "utf8");
} catch {
  // the first time
}
if (process.argv.includes("--check")) {
  if (there !== wanted) {
    console.error("console/src/api/schema.d.ts is stale: run `npm run generate` in console/ and commit it");
    process.exit(1);
  }
} else if (there !== wanted) {
  writeFileSync(target, wanted);
  console.log("wrote console/src/api/schema.d.ts");
}
