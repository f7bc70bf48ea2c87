/** The Fourier transform of real frames whose length is a power of two. */

import { SernetError } from "./errors.js";

export class Fourier {
  #length;
  #reversed;
  #cosine;
  #sine;
  #real;
  #imaginary;

  /** Throws SernetError for a length that is no power of two. */
  constructor(length) {
    if (length < 2 || length & (length - 1)) {
      throw new SernetError(`Frames of ${length} samples are not transformed here: their length is no power of two.`);
    }
    this.#length = length;
    const bits = Math.log2(length);
    this.#reversed = Uint32Array.from({ length }, (_, index) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((index >> bit) & 1) << (bits - 1 - bit);
      return reversed;
    });
    this.#cosine = Float64Array.from({ length: length / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / length));
    this.#sine = Float64Array.from({ length: length / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
    this.#real = new Float64Array(length);
    this.#imaginary = new Float64Array(length);
  }

  /** Magnitudes of a real frame (length,): written into (length / 2 + 1,). */
  magnitudes(frame, out) {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const length = this.#length;
    for (let index = 0; index < length; index++) real[index] = frame[this.#reversed[index]];
    imaginary.fill(0);
    for (let half = 1; half < length; half *= 2) {
      const stride = length / (2 * half);
      for (let start = 0; start < length; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const cosine = this.#cosine[k * stride];
          const sine = this.#sine[k * stride];
          const even = start + k;
          const odd = even + half;
          const turnedReal = real[odd] * cosine - imaginary[odd] * sine;
          const turnedImaginary = real[odd] * sine + imaginary[odd] * cosine;
          real[odd] = real[even] - turnedReal;
          imaginary[odd] = imaginary[even] - turnedImaginary;
          real[even] += turnedReal;
          imaginary[even] += turnedImaginary;
        }
      }
    }
    for (let bin = 0; bin <= length / 2; bin++) {
      out[bin] = Math.sqrt(real[bin] * real[bin] + imaginary[bin] * imaginary[bin]);
    }
  }
}
