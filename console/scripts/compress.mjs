// Lays a .gz beside every text of the build that gzip makes at least a tenth smaller; the server sends it to browsers
// that take it.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const built = process.argv[2] ?? "../src/volant/_console";
let before = 0;
let after = 0;
for (const name of readdirSync(join(built, "assets"))) {
  const file = join(built, "assets", name);
  if (!/\.(js|css|svg|json)$/.test(name) || statSync(file).size < 1024) continue;
  const plain = readFileSync(file);
  const small = gzipSync(plain, { level: 9 });
  if (small.length > plain.length * 0.9) continue;
  writeFileSync(`${file}.gz`, small);
  before += plain.length;
  after += small.length;
}
console.log(`compressed ${Math.round(before / 1024)} kB to ${Math.round(after / 1024)} kB`);
