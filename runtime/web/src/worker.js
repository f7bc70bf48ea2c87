/**
 * Everything that computes, away from the page's thread.
 *
 * It is sent {type: "open"}; then {type: "stream", stream, rate}, {type: "samples", stream, samples} and
 * {type: "finish", stream}, or {type: "clip", stream, samples, rate}; samples are mono float32. A new `stream` number
 * ends the one before. It sends {type: "ready", manifest}, {type: "answer", stream, kind: "window" | "clip", ...},
 * {type: "behind", stream} and {type: "failed", stream, message}.
 */

import { readBundle } from "./bundle.js";
import { SernetError } from "./errors.js";
import { Network, fetched, loadInterpreter } from "./network.js";
import { joined } from "./numbers.js";
import { Resampler } from "./resampler.js";
import { Windows } from "./windows.js";

const MAX_WHOLE_CLIP_S = 60; // a whole clip's feature maps take some 1.4 MB a second
const MAX_WAITING = 6; // windows; a device that falls further behind leaves some out

let bundle;
let network;
let current; // the stream that is asked for
let live; // {stream, resampler, windows}
let turn = Promise.resolve(); // the network answers one thing after the other

async function open() {
  const [bytes] = await Promise.all([fetched("model.tflite"), loadInterpreter()]);
  bundle = readBundle(bytes);
  network = new Network(bundle);
  const { frontEnd, windowSamples } = bundle;
  await network.answer(new Float32Array(frontEnd.frameCount(windowSamples) * frontEnd.width)); // the first one is slow
  self.postMessage({ type: "ready", manifest: bundle.manifest });
}

function begin({ stream, rate }) {
  live = { stream, resampler: new Resampler(rate, bundle.frontEnd.sampleRate), windows: new Windows(bundle) };
}

function hear({ stream, samples }) {
  const { windows, resampler } = live;
  windows.accept(resampler.process(samples));
  if (windows.waiting() > MAX_WAITING) self.postMessage({ type: "behind", stream });
  while (windows.waiting() > MAX_WAITING) windows.skip();
  return answerWindows(stream, windows);
}

function finish({ stream }) {
  const { windows, resampler } = live;
  windows.accept(resampler.flush());
  windows.finish();
  return answerWindows(stream, windows);
}

async function readClip({ stream, samples, rate }) {
  const { frontEnd, windowSamples } = bundle;
  const resampler = new Resampler(rate, frontEnd.sampleRate);
  const limited = (sample) => Math.max(-1, Math.min(1, sample));
  const clip = joined(resampler.process(samples), resampler.flush()).map(limited);
  const seconds = clip.length / frontEnd.sampleRate;
  if (clip.length > windowSamples) {
    const windows = new Windows(bundle);
    windows.accept(clip);
    windows.finish();
    await answerWindows(stream, windows);
  }
  if (seconds <= MAX_WHOLE_CLIP_S) {
    const inputs = frontEnd.clipInput(clip, windowSamples);
    await answer(stream, "clip", { start_s: 0, end_s: seconds, quiet: false }, inputs);
  }
}

/** Answer the windows that are ready, until another stream is asked for. */
async function answerWindows(stream, windows) {
  while (stream === current && windows.ready()) {
    const { inputs, ...window } = windows.pop();
    await answer(stream, "window", window, inputs);
    await new Promise((resolve) => setTimeout(resolve)); // messages come in between
  }
}

function answer(stream, kind, window, inputs) {
  const answered = turn.then(async () => {
    const started = performance.now();
    const found = await network.answer(inputs);
    self.postMessage({ type: "answer", stream, kind, ...window, ...found, network_ms: performance.now() - started });
  });
  turn = answered.catch(() => {});
  return answered;
}

const verbs = { open, stream: begin, samples: hear, finish, clip: readClip };

self.addEventListener("message", async ({ data }) => {
  const { type, stream } = data;
  if ((type === "samples" || type === "finish") && live?.stream !== stream) return;
  current = stream;
  try {
    await verbs[type](data);
  } catch (error) {
    live = undefined;
    const message = error instanceof SernetError ? error.message : `The network failed: ${error?.message ?? error}`;
    self.postMessage({ type: "failed", stream, message });
  }
});
