/** Audio files as mono samples: WAV sample for sample, everything else as the browser decodes it. */

import { SernetError } from "./errors.js";
import { readWave } from "./wave_file.js";

const USUAL_RATE = 48000; // above what files of speech hold: the browser loses nothing on the way to it
const LARGEST_PEAK = 4; // 12 dB above full scale: such samples were never scaled to [-1, 1]

/**
 * @param {File} file
 * @returns {Promise<{samples: Float32Array, rate: number}>} samples: (any,)
 * Throws SernetError for a file that is no audio, or is empty or damaged.
 */
export async function readAudioFile(file) {
  const buffer = await file.arrayBuffer();
  const audio = readWave(buffer) ?? (await decoded(buffer, file.name));
  if (!audio.samples.length) throw new SernetError(`${file.name} holds no sound.`);
  if (!audio.samples.every(Number.isFinite)) throw new SernetError(`${file.name} holds samples that are not finite.`);
  if (audio.samples.some((sample) => Math.abs(sample) > LARGEST_PEAK)) {
    throw new SernetError(`${file.name} is far above full scale: scale its samples to [-1, 1].`);
  }
  return audio;
}

async function decoded(buffer, name) {
  const rate = flacRate(buffer) ?? USUAL_RATE;
  let audio;
  try {
    audio = await new OfflineAudioContext(1, 1, rate).decodeAudioData(buffer);
  } catch {
    throw new SernetError(`${name} is not audio that this browser can read.`);
  }
  const samples = new Float32Array(audio.length);
  for (let channel = 0; channel < audio.numberOfChannels; channel++) {
    audio.getChannelData(channel).forEach((sample, index) => (samples[index] += sample / audio.numberOfChannels));
  }
  return { samples, rate };
}

/** The rate that a FLAC file declares, so that the browser does not convert it; null for other files. */
function flacRate(buffer) {
  const bytes = new Uint8Array(buffer, 0, Math.min(buffer.byteLength, 22));
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== "fLaC" || bytes.length < 22) return null;
  const rate = (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4);
  return rate >= 8000 && rate <= 96000 ? rate : null;
}
