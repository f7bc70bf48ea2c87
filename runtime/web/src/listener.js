/** What has been heard of a stream's speaker up to now: pauses and steady noise left out. As runtime/listener.py. */

import { NEPERS_PER_DB, heardBoth, heardOf, logMagnitude, speechFrames } from "./normalisation.js";
import { joined, percentile, roundHalfEven } from "./numbers.js";

const MEMORY_S = 60; // older speech fades
const CONTEXT_S = 3; // what is a pause shows only beside so much of the stream
const MOVES_DB = 3; // steady noise moves less
const SHARE = 1 / 3; // once speech is known, a sound must come this near to it from the quietest frames
const KNOWN_S = 1;

export class Listener {
  #frontEnd;
  #samples = new Float32Array(0); // from the next frame on
  #start = 0; // of the next frame, in samples of the stream
  #levels = new Float64Array(0); // of the context, in nepers
  #heard;

  constructor(frontEnd) {
    this.#frontEnd = frontEnd;
    this.#heard = frontEnd.nothingHeard();
    /** Sample of the stream where the last piece that held speech ends. */
    this.spokenUntil = 0;
  }

  accept(samples) {
    this.#samples = joined(this.#samples, samples);
  }

  /** All speech up to sample `until` of the stream; the frames that no call has heard before are one piece. */
  hear(until) {
    const frontEnd = this.#frontEnd;
    const { frame_step: step, frame_length: length } = frontEnd.settings;
    const frames = frontEnd.frameCount(Math.min(until - this.#start, this.#samples.length));
    if (frames) {
      const features = frontEnd.features(this.#samples.subarray(0, (frames - 1) * step + length));
      this.#samples = this.#samples.subarray(frames * step);
      this.#start += frames * step;
      const now = heardOf(features, frontEnd.width, this.#speech(frontEnd.levels(features)));
      this.#heard = heardBoth(this.#heard, now, this.#frames(MEMORY_S));
      if (now.frames) this.spokenUntil = until;
    }
    return this.#heard;
  }

  #speech(levels) {
    const context = Math.max(levels.length, roundHalfEven(this.#frames(CONTEXT_S)));
    this.#levels = Float64Array.from([...this.#levels, ...levels].slice(-context));
    const quietest = percentile(this.#levels, 5);
    let usual = -Infinity;
    let moves = MOVES_DB * NEPERS_PER_DB;
    if (this.#heard.frames >= this.#frames(KNOWN_S)) {
      usual = logMagnitude(this.#heard.total, this.#frontEnd.gainDirection) / this.#heard.frames;
      moves = Math.max(moves, SHARE * (usual - quietest));
    }
    if (percentile(levels, 95) - quietest < moves) return new Array(levels.length).fill(false);
    const rangeDb = this.#frontEnd.settings.normalisation.speech_range_db;
    const loud = speechFrames(this.#levels, rangeDb).slice(-levels.length);
    return loud.map((isLoud, frame) => isLoud && levels[frame] > usual - rangeDb * NEPERS_PER_DB);
  }

  #frames(seconds) {
    return (seconds * this.#frontEnd.sampleRate) / this.#frontEnd.settings.frame_step;
  }
}
