/**
 * Everything that computes, away from the page's thread.
 *
 * It is sent {type: "open"}, then {type: "stream", stream, rate}, {type: "samples", stream, samples} and
 * {type: "finish", stream}, or {type: "clip", stream, samples, rate}; samples are mono float32. It sends
 * {type: "ready", manifest}, {type: "answer", stream, kind: "window" | "clip", ...}, {type: "done", stream} and
 * {type: "failed", stream, message}.
 */

import { readBundle } from "./bundle.js";
import { SernetError } from "./errors.js";
import { Network, fetched, loadInterpreter } from "./network.js";
import { Resampler } from "./resampler.js";
import { Windows } from "./windows.js";

const MAX_WHOLE_CLIP_S = 60; // a whole clip's feature maps take some 1.4 MB a second
const MAX_WAITING = 4; // windows; a phone that falls behind further leaves some out

let bundle;
let network;
let live = null; // {stream, resampler, windows}
let dropped = null; // the stream that failed

async function open() {
  const [bytes] = await Promise.all([fetched("model.tflite"), loadInterpreter()]);
  bundle = readBundle(bytes);
  network = new Network(bundle);
  await network.answer(new Float32Array(bundle.frontEnd.frameCount(bundle.windowSamples) * bundle.frontEnd.width));
  self.postMessage({ type: "ready", manifest: bundle.manifest });
}

function begin({ stream, rate }) {
  live = { stream, resampler: new Resampler(rate, bundle.frontEnd.sampleRate), windows: new Windows(bundle) };
}

async function hear({ stream, samples }) {
  if (live?.stream !== stream) return;
  live.windows.accept(live.resampler.process(samples));
  while (live.windows.waiting() > MAX_WAITING) live.windows.skip();
  await answerWindows(live);
}

async function finish({ stream }) {
  if (live?.stream !== stream) return;
  live.windows.accept(live.resampler.flush());
  live.windows.finish();
  await answerWindows(live);
  live = null;
  self.postMessage({ type: "done", stream });
}

async function answerWindows({ stream, windows }) {
  while (windows.ready()) {
    const { inputs, ...window } = windows.pop();
    await send(stream, "window", window, inputs);
  }
}

async function readClip({ stream, samples, rate }) {
  const { frontEnd, windowSamples } = bundle;
  const resampler = new Resampler(rate, frontEnd.sampleRate);
  const clip = Float32Array.from([resampler.process(samples), resampler.flush()].flatMap((part) => [...part]), limited);
  const seconds = clip.length / frontEnd.sampleRate;
  if (clip.length > windowSamples) {
    const windows = new Windows(bundle);
    windows.accept(clip);
    windows.finish();
    await answerWindows({ stream, windows });
  }
  if (seconds <= MAX_WHOLE_CLIP_S) {
    const inputs = frontEnd.clipInput(clip, windowSamples);
    await send(stream, "clip", { start_s: 0, end_s: seconds, quiet: false }, inputs);
  }
  self.postMessage({ type: "done", stream, seconds });
}

function limited(sample) {
  return Math.max(-1, Math.min(1, sample));
}

async function send(stream, kind, window, inputs) {
  const started = performance.now();
  const answer = await network.answer(inputs);
  self.postMessage({ type: "answer", stream, kind, ...window, ...answer, network_ms: performance.now() - started });
}

const verbs = { open, stream: begin, samples: hear, finish, clip: readClip };
let queue = Promise.resolve(); // messages are answered one after the other

self.addEventListener("message", ({ data }) => {
  queue = queue.then(async () => {
    if (data.stream !== undefined && data.stream === dropped) return;
    try {
      await verbs[data.type](data);
    } catch (error) {
      live = null;
      dropped = data.stream;
      const message = error instanceof SernetError ? error.message : `The network failed: ${error?.message ?? error}`;
      self.postMessage({ type: "failed", stream: data.stream, message });
    }
  });
});
