/** The bundle: a .tflite file with a zip behind it that describes it. The contract: runtime/bundle.py. */

import { strFromU8, unzipSync } from "fflate";

import { SernetError } from "./errors.js";
import { FrontEnd } from "./front_end.js";

const FORMAT_VERSION = 1;

/**
 * @param {Uint8Array} bytes of the file
 * @returns {{manifest: object, frontEnd: FrontEnd, windowSamples: number, model: Uint8Array}}
 * Throws SernetError for a file that is no bundle, is of a newer format, or of a kind that a page cannot run.
 */
export function readBundle(bytes) {
  if (strFromU8(bytes.subarray(4, 8), true) !== "TFL3") {
    throw new SernetError("The model is not a TensorFlow Lite file.");
  }
  let manifest;
  try {
    const files = unzipSync(bytes, { filter: (file) => file.name === "sernet.json" });
    manifest = JSON.parse(strFromU8(files["sernet.json"]));
  } catch {
    throw new SernetError("The model does not describe itself: export it with sernet.");
  }
  if (!(manifest.format_version <= FORMAT_VERSION)) {
    throw new SernetError("The model is of a newer format: update the page.");
  }
  if (!Array.isArray(manifest.labels) || !manifest.front_end || !(manifest.window_s > 0)) {
    throw new SernetError("The model's description is incomplete: export it again.");
  }
  const kind = manifest.input_kind ?? "features";
  if (!["features", "stream"].includes(kind) || manifest.quantisation === "int8") {
    throw new SernetError("A browser runs models of features with float inputs: export it as int8-float-io.");
  }
  const frontEnd = new FrontEnd(manifest.front_end);
  return { manifest, frontEnd, windowSamples: frontEnd.sampleCount(manifest.window_s), model: bytes };
}
