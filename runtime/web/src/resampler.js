/** Sample rate conversion for a stream: a Kaiser-windowed sinc in polyphase form. */

import { joined } from "./numbers.js";

const ATTENUATION_DB = 110; // of what would alias
const PASSBAND = 0.95; // of the lower rate's half: 7600 Hz at 16 kHz, where the mel bands end
const BETA = 0.1102 * (ATTENUATION_DB - 8.7); // Kaiser's formula

export class Resampler {
  #up;
  #down;
  #half; // input samples on either side of an output sample
  #cutoff; // cycles per input sample
  #phases = new Map();
  #samples; // from the first one that the next output needs
  #at = 0; // of the next output, in 1 / up input samples after #samples' centre
  #owed = 0; // outputs, in 1 / down
  #made = 0;

  /** From one rate to another, both integers in Hz. Rates that are equal pass samples through untouched. */
  constructor(rateIn, rateOut) {
    const divisor = gcd(rateIn, rateOut);
    this.#up = rateOut / divisor;
    this.#down = rateIn / divisor;
    const edge = Math.min(rateIn, rateOut) / 2 / rateIn;
    this.#cutoff = (edge * (1 + PASSBAND)) / 2;
    const transition = 2 * Math.PI * edge * (1 - PASSBAND);
    this.#half = Math.ceil((ATTENUATION_DB - 8) / (2.285 * transition) / 2);
    this.#samples = new Float32Array(this.#half - 1);
  }

  /** The next samples, (any,): as many of the other rate as they settle. */
  process(samples) {
    if (this.#up === this.#down) return samples;
    this.#owed += samples.length * this.#up;
    return this.#convert(samples);
  }

  /** What is left at the end of the stream. */
  flush() {
    if (this.#up === this.#down) return new Float32Array(0);
    const rest = this.#convert(new Float32Array(this.#half + 1));
    return rest.subarray(0, Math.max(0, rest.length - (this.#made - Math.ceil(this.#owed / this.#down))));
  }

  #convert(samples) {
    this.#samples = joined(this.#samples, samples);
    const taps = 2 * this.#half;
    const out = [];
    let first = Math.floor(this.#at / this.#up);
    while (first + taps <= this.#samples.length) {
      const kernel = this.#kernel(this.#at % this.#up);
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += this.#samples[first + k] * kernel[k];
      out.push(sum);
      this.#at += this.#down;
      first = Math.floor(this.#at / this.#up);
    }
    const used = Math.min(first, this.#samples.length);
    this.#samples = this.#samples.slice(used);
    this.#at -= used * this.#up;
    this.#made += out.length;
    return Float32Array.from(out);
  }

  /** Weights of the input samples around an output that lies `phase` / up after one of them. */
  #kernel(phase) {
    let kernel = this.#phases.get(phase);
    if (!kernel) {
      kernel = Float64Array.from({ length: 2 * this.#half }, (_, k) => {
        const distance = k - (this.#half - 1) - phase / this.#up;
        return sinc(2 * this.#cutoff * distance) * kaiser(distance / this.#half);
      });
      const sum = kernel.reduce((a, b) => a + b, 0);
      this.#phases.set(phase, (kernel = kernel.map((weight) => weight / sum)));
    }
    return kernel;
  }
}

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window at x in [-1, 1]. */
function kaiser(x) {
  return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** The modified Bessel function of order 0, by its series. */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
