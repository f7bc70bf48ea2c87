/** Sliding windows over a stream, ready for the network: the windows of runtime/recognizer.py. */

import { SernetError } from "./errors.js";
import { Listener } from "./listener.js";
import { joined } from "./numbers.js";

/** Seconds from one window to the next. */
export const HOP_S = 0.5;

/**
 * Verbs: `accept` samples, while `ready` `pop` a window, `finish` at the end. Window k covers the samples from k * hop
 * on; a front end that normalises measures it from the speech heard up to its end.
 */
export class Windows {
  #frontEnd;
  #hop;
  #window;
  #least;
  #listener;
  #samples = new Float32Array(0); // from the next window's start on
  #start = 0; // of the next window, in samples of the stream
  #covered = 0; // samples of the stream that a window covers
  #finished = false;

  constructor(bundle) {
    this.#frontEnd = bundle.frontEnd;
    this.#window = bundle.windowSamples;
    this.#hop = Math.min(this.#frontEnd.sampleCount(HOP_S), this.#window);
    this.#least = this.#frontEnd.normalises ? this.#frontEnd.settings.frame_length : 1;
    this.#listener = this.#frontEnd.normalises ? new Listener(this.#frontEnd) : null;
  }

  /** Take the next samples, (any,), at the front end's rate. Throws SernetError when one is not finite. */
  accept(samples) {
    if (!samples.every(Number.isFinite)) throw new SernetError("The sound holds samples that are not finite.");
    this.#samples = joined(this.#samples, samples);
    this.#listener?.accept(samples);
  }

  /** The stream has ended: samples that no whole window covers make one more. */
  finish() {
    this.#finished = true;
  }

  ready() {
    if (this.#samples.length >= this.#window) return true;
    const more = this.#start + this.#samples.length > this.#covered;
    return this.#finished && this.#samples.length >= this.#least && more;
  }

  /** Whole windows that wait. */
  waiting() {
    return Math.max(0, Math.floor((this.#samples.length - this.#window) / this.#hop) + 1);
  }

  /**
   * The next window.
   * @returns {{start_s: number, end_s: number, inputs: Float32Array, quiet: boolean}} inputs: (frames * width,);
   * quiet: no speech has been heard in it
   */
  pop() {
    const window = this.#samples.subarray(0, this.#window);
    const start = this.#start;
    const end = start + window.length;
    const inputs = this.#inputs(window, end);
    this.skip();
    const rate = this.#frontEnd.sampleRate;
    const quiet = this.#listener ? this.#listener.spokenUntil <= start : !window.some(Boolean);
    return { start_s: start / rate, end_s: start / rate + window.length / rate, inputs, quiet };
  }

  /** Leave the next window out: its samples are heard with the one after it. */
  skip() {
    this.#covered = this.#start + Math.min(this.#samples.length, this.#window);
    this.#samples = this.#samples.subarray(this.#hop);
    this.#start += this.#hop;
  }

  #inputs(window, end) {
    if (!this.#listener) return this.#frontEnd.clipInput(window, this.#window);
    const heard = this.#listener.hear(end);
    return this.#frontEnd.padded(this.#frontEnd.normalised(this.#frontEnd.features(window), heard), this.#window);
  }
}
