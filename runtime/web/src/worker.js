/**
 * Everything that computes, away from the page's thread.
 *
 * It is sent {type: "open"}; then {type: "stream", stream, rate}, {type: "samples", stream, samples} and
 * {type: "finish", stream}, or {type: "clip", stream, samples, rate}; samples are mono float32. A new `stream` number
 * ends the one before. It sends {type: "ready", manifest, firstAnswerS},
 * {type: "answer", stream, kind: "window" | "clip", ...}, {type: "behind", stream} and {type: "failed", stream, message}.
 */

import { readBundle } from "./bundle.js";
import { SernetError } from "./errors.js";
import { Network, fetched, loadInterpreter } from "./network.js";
import { joined } from "./numbers.js";
import { Resampler } from "./resampler.js";
import { StreamingNetwork } from "./streaming_network.js";

const MAX_WHOLE_CLIP_S = 60; // a whole clip's feature maps take some 1.4 MB a second
const MAX_WAITING = 6; // windows or blocks; a device that falls further behind leaves some out

let bundle;
let network;
let current; // the stream that is asked for
let live; // {stream, resampler, heard}: what it heard waits there for the network
let turn = Promise.resolve(); // the network answers one thing after the other

async function open() {
  const [bytes] = await Promise.all([fetched("model.tflite"), loadInterpreter()]);
  bundle = readBundle(bytes);
  network = bundle.manifest.stream ? new StreamingNetwork(bundle) : new Network(bundle);
  await network.clip(new Float32Array(bundle.windowSamples)); // the first one is slow
  self.postMessage({ type: "ready", manifest: bundle.manifest, firstAnswerS: network.firstAnswerS });
}

function begin({ stream, rate }) {
  live = { stream, resampler: new Resampler(rate, bundle.frontEnd.sampleRate), heard: network.listen() };
}

function hear({ stream, samples }) {
  const { heard, resampler } = live;
  heard.accept(resampler.process(samples));
  if (heard.waiting() > MAX_WAITING) self.postMessage({ type: "behind", stream });
  while (heard.waiting() > MAX_WAITING) heard.skip();
  return answerWindows(stream, heard);
}

function finish({ stream }) {
  const { heard, resampler } = live;
  heard.accept(resampler.flush());
  heard.finish();
  return answerWindows(stream, heard);
}

async function readClip({ stream, samples, rate }) {
  const { frontEnd, windowSamples } = bundle;
  const resampler = new Resampler(rate, frontEnd.sampleRate);
  const limited = (sample) => Math.max(-1, Math.min(1, sample));
  const clip = joined(resampler.process(samples), resampler.flush()).map(limited);
  const seconds = clip.length / frontEnd.sampleRate;
  if (clip.length > windowSamples) {
    const heard = network.listen();
    heard.accept(clip);
    heard.finish();
    await answerWindows(stream, heard);
  }
  if (seconds <= MAX_WHOLE_CLIP_S) {
    const whole = { start_s: 0, end_s: seconds, quiet: false };
    await answer(stream, "clip", async () => ({ ...whole, ...(await network.clip(clip)) }));
  }
}

/** Answer what was heard, until another stream is asked for. */
async function answerWindows(stream, heard) {
  while (stream === current && heard.ready()) {
    const piece = heard.pop();
    await answer(stream, "window", async () => {
      const started = performance.now();
      const found = await network.next(piece, heard);
      return found && { ...found, network_ms: performance.now() - started };
    });
    await new Promise((resolve) => setTimeout(resolve)); // messages come in between
  }
}

function answer(stream, kind, ask) {
  const answered = turn.then(async () => {
    const found = await ask();
    if (found) self.postMessage({ type: "answer", stream, kind, ...found });
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
