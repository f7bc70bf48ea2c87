/** The fixed arrays of the front end: window, mel bands and cosine transform. Definitions: runtime/filter_bank.py. */

/** Periodic Hann window, (length,). */
export function hannWindow(length) {
  return Float32Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / length));
}

/** Frequency on the HTK mel scale. */
export function mel(frequencyHz) {
  return 1127 * Math.log1p(frequencyHz / 700);
}

/**
 * Triangular bands that are linear in mel, equally spaced between `lowHz` and `highHz`. The bin at 0 Hz has no weight.
 * @returns {{first: number, weights: Float32Array}[]} each band's weights, from its first bin with one on
 */
export function melBands(bands, bins, sampleRate, lowHz, highHz) {
  const low = mel(lowHz);
  const step = (mel(highHz) - low) / (bands + 1);
  const binMels = Float64Array.from({ length: bins }, (_, bin) => mel((bin * sampleRate) / 2 / (bins - 1)));
  return Array.from({ length: bands }, (_, band) => {
    const lower = low + band * step;
    const centre = lower + step;
    const upper = centre + step;
    const weights = Float32Array.from(binMels, (at, bin) =>
      bin === 0 ? 0 : Math.max(0, Math.min((at - lower) / (centre - lower), (upper - at) / (upper - centre))),
    );
    const first = Math.max(0, weights.findIndex((weight) => weight > 0));
    const last = weights.findLastIndex((weight) => weight > 0);
    return { first, weights: weights.slice(first, last + 1) };
  });
}

/** DCT-II times 2 / sqrt(2 * bands): (bands, coefficients), row by row. */
export function dctMatrix(bands, coefficients) {
  const matrix = new Float32Array(bands * coefficients);
  for (let band = 0; band < bands; band++) {
    for (let k = 0; k < coefficients; k++) {
      matrix[band * coefficients + k] = (Math.cos((Math.PI / bands) * (band + 0.5) * k) * 2) / Math.sqrt(2 * bands);
    }
  }
  return matrix;
}
