// Keeps package-lock.json free of addresses, and whole: `npm run lock` after a change of dependencies.
//
// A registry that lacks a tool's builds for other systems makes npm leave them out of the lock, and `npm ci` then
// refuses the lock everywhere. They are written down here by their names; only their own systems ever install them.
import { readFileSync, writeFileSync } from "node:fs";

const place = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(place, "utf8"));
const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openbsd", "netbsd", "sunos", "win32"];
const PROCESSORS = ["arm64", "x64", "ia32", "arm", "ppc64", "s390x", "riscv64", "loong64", "mips64el"];

function otherSystem(name, version, parent) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.find((one) => words.includes(one));
  const cpu = PROCESSORS.find((one) => words.includes(one));
  const libc = words.includes("musl")
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  if (!os || !cpu)
    throw new Error(`${name} is not in the lock, and its name does not say for which system it is`);
  return {
    version,
    cpu: [cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(libc && os === "linux" ? { libc: [libc] } : {}),
    optional: true,
    os: [os],
  };
}

for (const part of Object.values(lock.packages)) {
  delete part.funding;
  delete part.resolved;
  for (const [name, version] of Object.entries(part.optionalDependencies ?? {})) {
    lock.packages[`node_modules/${name}`] ??= otherSystem(name, version, part);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(place, `${JSON.stringify(lock, null, 2)}\n`);
