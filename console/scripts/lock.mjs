// Keeps package-lock.json free of addresses: `npm run lock` after a change of dependencies.
import { readFileSync, writeFileSync } from "node:fs";

const place = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(place, "utf8"));
for (const part of Object.values(lock.packages)) {
  delete part.funding;
  delete part.resolved;
}
writeFileSync(place, `${JSON.stringify(lock, null, 2)}\n`);
