/** The few functions of numpy that the front end needs. */

/** Percentile of values, interpolated as numpy's default does. */
export function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort();
  const place = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** To the nearest integer, halves to the even one: Python's `round`. */
export function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Two Float32Arrays as one. */
export function joined(first, second) {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Values with zeros around them, the odd one behind: (length,). */
export function centred(values, length) {
  const padded = new Float32Array(length);
  padded.set(values, Math.floor((length - values.length) / 2));
  return padded;
}
