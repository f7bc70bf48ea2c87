/** The front end: samples become features by the numbers of the bundle's `front_end`, as in runtime/front_end.py. */

import { SernetError } from "./errors.js";
import { dctMatrix, hannWindow, melBands } from "./filter_bank.js";
import { Fourier } from "./fourier.js";
import { heardOf, logMagnitude, normalised, nothingHeard, speechFrames } from "./normalisation.js";
import { centred, percentile, roundHalfEven } from "./numbers.js";

const KNOWN = new Set(
  ("input_type sample_rate frame_length frame_step mel_bins low_hz high_hz log_offset coefficients clip " +
    "level_percentile normalisation").split(" "),
);
const FLOAT32_EPSILON = 2 ** -23;

export class FrontEnd {
  #window;
  #fourier;
  #bands;
  #dct;

  /**
   * @param settings `front_end` of sernet.json
   * Throws SernetError for one that this page does not know.
   */
  constructor(settings) {
    const unknown = Object.keys(settings).filter((name) => !KNOWN.has(name));
    if (unknown.length || !["mfcc", "mel_spectrogram", "spectrogram"].includes(settings.input_type)) {
      throw new SernetError("The model's front end is not known to this page: update the page.");
    }
    this.settings = settings;
    this.sampleRate = settings.sample_rate;
    const bins = settings.frame_length / 2 + 1;
    /** Features per frame. */
    this.width = { mfcc: settings.coefficients, mel_spectrogram: settings.mel_bins, spectrogram: bins }[
      settings.input_type
    ];
    this.#window = hannWindow(settings.frame_length);
    this.#fourier = new Fourier(settings.frame_length);
    this.#bands = melBands(settings.mel_bins, bins, settings.sample_rate, settings.low_hz, settings.high_hz);
    this.#dct = dctMatrix(settings.mel_bins, settings.coefficients);
    this.normalises = settings.normalisation != null;
    /** What a gain of 1 neper adds to a frame's features. */
    this.gainDirection = Float64Array.from({ length: this.width }, (_, k) => {
      if (settings.input_type !== "mfcc") return 1;
      let sum = 0;
      for (let band = 0; band < settings.mel_bins; band++) sum += this.#dct[band * settings.coefficients + k];
      return sum;
    });
  }

  /** Whole frames in so many samples. */
  frameCount(samples) {
    const { frame_length: length, frame_step: step } = this.settings;
    return Math.max(0, Math.floor((samples - length + step) / step));
  }

  sampleCount(seconds) {
    return roundHalfEven(seconds * this.sampleRate);
  }

  /** Features of a waveform (samples,) in [-1, 1]: (frames * width,), frame by frame. */
  features(waveform) {
    const { frame_length: length, frame_step: step, input_type: type } = this.settings;
    const frames = this.frameCount(waveform.length);
    const features = new Float32Array(frames * this.width);
    const frame = new Float32Array(length);
    const magnitudes = new Float32Array(length / 2 + 1);
    const logBands = new Float32Array(this.#bands.length);
    for (let index = 0; index < frames; index++) {
      for (let k = 0; k < length; k++) frame[k] = waveform[index * step + k] * this.#window[k];
      this.#fourier.magnitudes(frame, magnitudes);
      const row = features.subarray(index * this.width, (index + 1) * this.width);
      if (type === "spectrogram") {
        row.set(magnitudes);
        continue;
      }
      this.#logBands(magnitudes, logBands);
      if (type === "mel_spectrogram") row.set(logBands);
      else this.#cepstrum(logBands, row);
    }
    return features;
  }

  /** Mean log magnitude of each frame, in nepers: (frames,). */
  levels(features) {
    return Float64Array.from({ length: features.length / this.width }, (_, frame) =>
      logMagnitude(features.subarray(frame * this.width, (frame + 1) * this.width), this.gainDirection),
    );
  }

  /** Features measured from the speech that was heard. */
  normalised(features, heard) {
    return normalised(features, this.settings.normalisation, heard, this.gainDirection);
  }

  /**
   * A whole clip as the network takes it, at least so many samples long: (frames * width,).
   * Throws SernetError when it is too short to be measured.
   */
  clipInput(waveform, windowSamples) {
    if (!this.normalises) return this.features(this.#fit(waveform, Math.max(windowSamples, waveform.length)));
    const features = this.features(waveform);
    if (!features.length) throw new SernetError("There is less than a moment of sound: give a longer clip.");
    const speech = speechFrames(this.levels(features), this.settings.normalisation.speech_range_db);
    return this.padded(this.normalised(features, heardOf(features, this.width, speech)), windowSamples);
  }

  /** Normalised features with zeros, the mean, around them up to the window's frames. */
  padded(features, windowSamples) {
    const frames = features.length / this.width;
    const missing = Math.max(0, this.frameCount(windowSamples) - frames);
    const padded = new Float32Array((frames + missing) * this.width);
    padded.set(features, Math.floor(missing / 2) * this.width);
    return padded;
  }

  nothingHeard() {
    return nothingHeard(this.width);
  }

  #logBands(magnitudes, out) {
    this.#bands.forEach(({ first, weights }, band) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += magnitudes[first + k] * weights[k];
      out[band] = Math.log(sum + this.settings.log_offset);
    });
  }

  #cepstrum(logBands, out) {
    const { coefficients, clip } = this.settings;
    for (let k = 0; k < coefficients; k++) {
      let sum = 0;
      for (let band = 0; band < logBands.length; band++) sum += logBands[band] * this.#dct[band * coefficients + k];
      out[k] = Math.max(-clip, Math.min(clip, sum));
    }
  }

  /** The waveform levelled as `level_percentile` asks for, and centred in zeros. */
  #fit(waveform, samples) {
    const percent = this.settings.level_percentile;
    if (percent == null || !waveform.some(Boolean)) return centred(waveform, samples);
    const level = Math.fround(percentile(waveform.map(Math.abs), percent)) + FLOAT32_EPSILON;
    return centred(waveform.map((value) => Math.max(-1, Math.min(1, value / level))), samples);
  }
}
