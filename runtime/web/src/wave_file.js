/** PCM and float WAV files, sample for sample as runtime/audio_file.py reads them. */

import { SernetError } from "./errors.js";

const UNKNOWN_LENGTH = 2 ** 31 - 2 ** 16; // a recorder that writes to a pipe declares about this much

/**
 * @param {ArrayBuffer} buffer a file
 * @returns {{samples: Float32Array, rate: number} | null} mono; null when it is no WAV file, or is compressed
 * Throws SernetError when it is cut short or unusable.
 */
export function readWave(buffer) {
  const view = new DataView(buffer);
  const text = (at) => (at + 4 <= view.byteLength ? String.fromCharCode(...new Uint8Array(buffer, at, 4)) : "");
  if (text(0) !== "RIFF" || text(8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (text(at) === "fmt " && at + 24 <= view.byteLength) format = readFormat(view, at + 8, size);
    if (text(at) === "data") return format && decode(view, at + 8, size, format);
    at += 8 + size + (size % 2);
  }
  throw new SernetError("The WAV file ends before its samples: copy or record it again.");
}

function readFormat(view, at, size) {
  const extensible = view.getUint16(at, true) === 0xfffe && size >= 26 && at + 26 <= view.byteLength;
  return {
    kind: view.getUint16(extensible ? at + 24 : at, true), // 1: integers, 3: floats
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function decode(view, at, declared, { kind, channels, rate, bits }) {
  const read = readers[`${kind}/${bits}`];
  if (!read || !channels) return null;
  if (!rate) throw new SernetError("The WAV file declares a sample rate of 0 Hz.");
  const width = (bits / 8) * channels;
  const held = Math.min(declared, view.byteLength - at);
  if (held < declared && declared < UNKNOWN_LENGTH) {
    throw new SernetError("The WAV file is cut short: copy or record it again.");
  }
  const samples = new Float32Array(Math.floor(held / width));
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum = Math.fround(sum + Math.fround(read(view, at + index * width + (channel * bits) / 8)));
    }
    samples[index] = sum / channels;
  }
  return { samples, rate };
}

const readers = {
  "1/8": (view, at) => (view.getUint8(at) - 128) / 128,
  "1/16": (view, at) => view.getInt16(at, true) / 2 ** 15,
  "1/24": (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 2 ** 23,
  "1/32": (view, at) => Math.fround(view.getInt32(at, true)) / 2 ** 31,
  "3/32": (view, at) => view.getFloat32(at, true),
  "3/64": (view, at) => view.getFloat64(at, true),
};
