/** What the network's output means: calibrated probabilities and a label. As runtime/calibration.py, recognizer.py. */

export const UNCERTAIN = "uncertain";

/** softmax(ln p / temperature + bias) of the network's own probabilities: (classes,). */
export function calibrated(probabilities, temperature = 1, bias = []) {
  const likelihoods = Array.from(
    probabilities,
    (p, k) => Math.max(p, 0) ** (1 / temperature) * Math.exp(bias[k] ?? 0),
  );
  const sum = likelihoods.reduce((a, b) => a + b, 0);
  return Float32Array.from(likelihoods, (likelihood) => likelihood / sum);
}

/** The label and every emotion's probability, from what the network puts out. */
export function answerOf(output, manifest) {
  const probabilities = calibrated(output, manifest.temperature, manifest.bias);
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    label: probabilities[best] >= (manifest.uncertain_below ?? 0) ? manifest.labels[best] : UNCERTAIN,
    probabilities: Object.fromEntries(manifest.labels.map((label, k) => [label, probabilities[k]])),
  };
}
