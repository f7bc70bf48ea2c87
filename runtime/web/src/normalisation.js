/** Running normalisation: features measured from what has been heard. Definitions: runtime/normalisation.py. */

import { percentile } from "./numbers.js";

export const NEPERS_PER_DB = Math.log(10) / 20;

/**
 * What has been heard of a speaker, as sums over frames of speech.
 * @typedef {{frames: number, total: Float64Array}} Heard
 */

/** Nothing: @returns {Heard} */
export function nothingHeard(width) {
  return { frames: 0, total: new Float64Array(width) };
}

/** The frames of features (frames, width) that `isSpeech` (frames,) marks: @returns {Heard} */
export function heardOf(features, width, isSpeech) {
  const heard = nothingHeard(width);
  isSpeech.forEach((speech, frame) => {
    if (!speech) return;
    heard.frames += 1;
    for (let k = 0; k < width; k++) heard.total[k] += features[frame * width + k];
  });
  return heard;
}

/** Two hearings as one, worth at most `limit` frames: @returns {Heard} */
export function heardBoth(earlier, now, limit) {
  const frames = earlier.frames + now.frames;
  const scale = frames <= limit ? 1 : limit / frames;
  return { frames: frames * scale, total: earlier.total.map((value, k) => (value + now.total[k]) * scale) };
}

/** Mean log magnitude of one frame's features, in nepers. */
export function logMagnitude(features, gainDirection) {
  let along = 0;
  let length = 0;
  for (let k = 0; k < gainDirection.length; k++) {
    along += features[k] * gainDirection[k];
    length += gainDirection[k] * gainDirection[k];
  }
  return along / length;
}

/** Which frames are speech, not pauses, by their levels (frames,) in nepers: boolean[]. */
export function speechFrames(levels, rangeDb) {
  if (levels.length === 0) return [];
  const least = percentile(levels, 95) - rangeDb * NEPERS_PER_DB;
  return Array.from(levels, (level) => level > least);
}

/**
 * Features as the network sees them: (frames, width).
 * @param settings the bundle's `normalisation`
 * @param {Heard} heard all speech of the clip or stream up to now, these frames included
 * @param gainDirection (width,): what a gain of 1 neper adds to a frame's features
 */
export function normalised(features, settings, heard, gainDirection) {
  const { mean: corpus, deviation, prior_frames: prior } = settings;
  const width = corpus.length;
  const shift = corpus.map((mean, k) => (heard.frames ? heard.total[k] / heard.frames - mean : 0));
  const level = logMagnitude(shift, gainDirection);
  const weight = heard.frames / Math.max(heard.frames + prior, 1e-9);
  const mean = corpus.map((value, k) => {
    const shape = shift[k] - level * gainDirection[k];
    return value + level * gainDirection[k] + shape * weight;
  });
  return features.map((value, index) => (value - mean[index % width]) / deviation[index % width]);
}
