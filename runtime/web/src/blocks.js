/** A stream's samples, a block of frames at a time, for a network that streams. As runtime/stream_recognizer.py. */

import { SernetError } from "./errors.js";
import { Listener } from "./listener.js";
import { joined } from "./numbers.js";
import { BLOCK } from "./stream_plan.js";

/**
 * Verbs: `accept` samples, while `ready` `pop` a block, `finish` at the end. A front end that normalises measures a
 * block from the speech heard up to its end.
 */
export class Blocks {
  #frontEnd;
  #hop; // samples
  #block; // samples
  #listener;
  #samples = new Float32Array(0); // from the next block's first frame on
  #start = 0; // of the next block, in samples of the stream
  #spokenUntil = 0;
  #finished = false;
  #ended = false; // whether the last block was given

  constructor(bundle) {
    const { frame_step: step, frame_length: length } = bundle.frontEnd.settings;
    this.#frontEnd = bundle.frontEnd;
    this.#hop = BLOCK * step;
    this.#block = this.#hop + length - step;
    this.#listener = this.#frontEnd.normalises ? new Listener(this.#frontEnd) : null;
    /** First sample of the stream that the network still knows of. */
    this.since = 0;
    /** What the network keeps of the stream. */
    this.state = null;
  }

  /** Take the next samples, (any,), at the front end's rate. Throws SernetError when one is not finite. */
  accept(samples) {
    if (!samples.every(Number.isFinite)) throw new SernetError("The sound holds samples that are not finite.");
    this.#samples = joined(this.#samples, samples);
    this.#listener?.accept(samples);
  }

  /** The stream has ended: what is left makes the last block. */
  finish() {
    this.#finished = true;
  }

  ready() {
    return this.waiting() > 0 || (this.#finished && !this.#ended);
  }

  /** Whole blocks that wait. */
  waiting() {
    return Math.max(0, Math.floor((this.#samples.length - this.#block) / this.#hop) + 1);
  }

  /**
   * The next block.
   * @returns {{inputs: Float32Array, end: number, last: boolean, spokenUntil: number}} inputs: (frames * width,), fewer
   * frames than a block's at the end; `end` and `spokenUntil` are samples of the stream
   */
  pop() {
    const last = this.waiting() === 0;
    const samples = last ? this.#samples : this.#samples.subarray(0, this.#block);
    const end = this.#start + samples.length;
    const inputs = this.#inputs(samples, end);
    this.#ended = last;
    this.#advance();
    return { inputs, end, last, spokenUntil: this.#spokenUntil };
  }

  /** Leave the next block out: the network begins anew behind it. */
  skip() {
    this.#advance();
    this.since = this.#start;
    this.state = null;
  }

  #advance() {
    this.#samples = this.#samples.subarray(this.#hop);
    this.#start += this.#hop;
  }

  #inputs(samples, end) {
    const features = this.#frontEnd.features(samples);
    if (!this.#listener) {
      if (samples.some(Boolean)) this.#spokenUntil = end;
      return features;
    }
    const heard = this.#listener.hear(end);
    this.#spokenUntil = this.#listener.spokenUntil;
    return this.#frontEnd.normalised(features, heard);
  }
}
