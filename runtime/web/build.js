// Builds the page: node build.js [--model FILE] [--out FOLDER]. Everything it needs is beside it or in node_modules.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    model: { type: "string", default: join(here, "..", "models", "default.tflite") },
    out: { type: "string", default: join(here, "dist") },
  },
});
const out = resolve(values.out);
const building = `${out}.building`; // a build that fails leaves the page of before
// Of LiteRT.js's four variants the one that runs in every browser, and needs no cross-origin isolation.
const litert = join(here, "node_modules", "@litertjs", "core", "wasm", "litert_wasm_compat_internal");

rmSync(building, { recursive: true, force: true });
mkdirSync(building, { recursive: true });
const bundle = (options) =>
  build({ absWorkingDir: here, bundle: true, minify: true, target: "es2022", outdir: building, ...options });

await bundle({ entryPoints: ["src/app.js", "src/capture.js"], format: "esm" });
await bundle({ entryPoints: ["src/worker.js"], format: "iife" });
await bundle({ entryPoints: ["src/style.css"] });
for (const name of ["index.html", "manifest.webmanifest", ...readdirSync(join(here, "icons"))]) {
  cpSync(join(here, name.startsWith("icon") ? "icons" : "src", name), join(building, name));
}
cpSync(values.model, join(building, "model.tflite"));
cpSync(`${litert}.js`, join(building, "litert_wasm_compat_internal.js"));
// A third of the bytes, for servers that do not compress.
const packed = gzipSync(readFileSync(`${litert}.wasm`), { level: 9 });
writeFileSync(join(building, "litert_wasm_compat_internal.wasm.gz"), packed);

const version = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"))).version;
const licences = [
  `This page is Sernet's, Apache-2.0 (below). It holds:`,
  `- LiteRT.js ${version("@litertjs/core")}, copyright Google LLC, Apache-2.0 (below)`,
  `- fflate ${version("fflate")}, MIT:\n\n${readFileSync(join(here, "node_modules", "fflate", "LICENSE"))}`,
  readFileSync(join(here, "..", "..", "LICENSE")),
];
writeFileSync(join(building, "licences.txt"), licences.join("\n"));

// The service worker keeps these files, under a name that changes with them.
const files = readdirSync(building).sort();
const hash = createHash("sha256");
for (const name of files) hash.update(name).update(readFileSync(join(building, name)));
const define = { FILES: JSON.stringify(["./", ...files]), VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)) };
await bundle({ entryPoints: ["src/service_worker.js"], format: "iife", define });

rmSync(out, { recursive: true, force: true });
renameSync(building, out);
const bytes = readdirSync(out).reduce((sum, name) => sum + readFileSync(join(out, name)).length, 0);
console.log(`${out}: ${(bytes / 1e6).toFixed(2)} MB`);
