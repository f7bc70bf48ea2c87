// The engine as WebAssembly: rows of features from one file, probabilities to standard output.
//   node rows.mjs ENGINE.wasm ROWS
import { readFileSync } from "node:fs";

const [engine, clip] = process.argv.slice(2).map((path) => readFileSync(path));
const { instance } = await WebAssembly.instantiate(engine, {});
const { memory, malloc, ...sernet } = instance.exports;
const [FEATURES, CLASSES, NET_WORDS] = [0, 1, 2].map((number) => sernet.sernet_number(number));

const state = malloc(4 * NET_WORDS), rows = malloc(clip.length), probabilities = malloc(CLASSES);
new Int8Array(memory.buffer, rows, clip.length).set(new Int8Array(clip.buffer, clip.byteOffset, clip.length));
sernet.sernet_net_reset(state);
sernet.sernet_net_push(state, rows, clip.length / FEATURES);
if (sernet.sernet_net_finish(state, probabilities) !== 0) throw new Error("the clip is too short");
console.log(JSON.stringify([...new Int8Array(memory.buffer, probabilities, CLASSES)]));
