// One job of the page's code, for a test that compares it with Python: job.mjs VERB BUNDLE INPUT OUTPUT [ARGUMENT ...]
// INPUT and OUTPUT hold float32 values without a header, unless the verb says otherwise.
import { readFileSync, writeFileSync } from "node:fs";

import { answerOf } from "../../runtime/web/src/answer.js";
import { readBundle } from "../../runtime/web/src/bundle.js";
import { Resampler } from "../../runtime/web/src/resampler.js";
import { sourceRows, validRows } from "../../runtime/web/src/stream_plan.js";
import { readWave } from "../../runtime/web/src/wave_file.js";
import { Windows } from "../../runtime/web/src/windows.js";

const [verb, bundlePath, inputPath, outputPath, ...rest] = process.argv.slice(2);
const bytes = readFileSync(inputPath);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const bundle = () => readBundle(new Uint8Array(readFileSync(bundlePath)));
const save = (values) => writeFileSync(outputPath, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

const verbs = {
  features: (samples) => save(bundle().frontEnd.features(samples)),
  clip: (samples) => {
    const { frontEnd, windowSamples } = bundle();
    save(frontEnd.clipInput(samples, windowSamples));
  },
  // The windows' inputs one after the other; their times on standard output.
  windows: (samples) => {
    const windows = new Windows(bundle());
    const inputs = [];
    const times = [];
    const collect = () => {
      while (windows.ready()) {
        const { inputs: input, ...time } = windows.pop();
        inputs.push(...input);
        times.push(time);
      }
    };
    for (let at = 0; at < samples.length; at += 683) {
      windows.accept(samples.slice(at, at + 683));
      collect();
    }
    windows.finish();
    collect();
    save(Float32Array.from(inputs));
    console.log(JSON.stringify(times));
  },
  // ARGUMENTS: from, to, samples a piece.
  resample: (samples) => {
    const [from, to, piece] = rest.map(Number);
    const resampler = new Resampler(from, to);
    const out = [];
    for (let at = 0; at < samples.length; at += piece) out.push(...resampler.process(samples.slice(at, at + piece)));
    save(Float32Array.from([...out, ...resampler.flush()]));
  },
  // The network's outputs in; the answer on standard output.
  answer: (outputs) => console.log(JSON.stringify(answerOf(outputs, bundle().manifest))),
  // INPUT is a WAV file; its rate on standard output.
  wave: () => {
    const wave = readWave(buffer);
    if (wave) save(wave.samples);
    console.log(JSON.stringify(wave && wave.rate));
  },
  // ARGUMENTS: frames of the clip (0: it goes on), blocks. Rows inside, and rows that stand for each.
  rows: () => {
    const [frames, blocks] = rest.map(Number);
    const { masks, sources } = bundle().manifest.stream;
    const of = (rows, values) => rows.map((one) => [...values(one)]);
    const block = (k) => [
      of(masks, (rows) => validRows(rows, k, frames || Infinity)),
      of(sources, (rows) => sourceRows(rows, k, frames || Infinity)),
    ];
    console.log(JSON.stringify(Array.from({ length: blocks }, (_, k) => block(k))));
  },
  description: () => console.log(JSON.stringify(bundle().manifest)),
};

try {
  verbs[verb](verb === "wave" ? buffer : new Float32Array(buffer));
} catch (error) {
  console.error(error.constructor.name === "SernetError" ? error.message : error);
  process.exitCode = 1;
}
