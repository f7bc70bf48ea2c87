/** The bundle's network in LiteRT.js, on the CPU. It lives in a worker, where LiteRT.js takes importScripts. */

import { gunzipSync } from "fflate";
import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";

import { answerOf } from "./answer.js";
import { SernetError } from "./errors.js";
import { withInputRows } from "./flatbuffer.js";
import { Windows } from "./windows.js";

const SCRIPT = "litert_wasm_compat_internal.js";

/** Load LiteRT.js from the folder of the page. Throws SernetError when the browser cannot run it. */
export async function loadInterpreter() {
  if (typeof WebAssembly === "undefined") {
    throw new SernetError("This browser has no WebAssembly, which the network needs: try a newer one.");
  }
  const packed = await fetched(`${SCRIPT.replace(".js", ".wasm")}.gz`);
  // A server that knows the suffix may have had the browser unpack it already.
  const wasmBinary = packed[0] === 0x1f ? gunzipSync(packed) : packed;
  self.Module = { wasmBinary, print: ignore, printErr: ignore };
  try {
    await loadLiteRt(new URL(SCRIPT, self.location.href).href);
  } catch (error) {
    throw new SernetError(`This browser cannot run the network (${error?.message ?? error}): try a newer one.`);
  }
}

/** The bytes of a file beside the page. */
export async function fetched(name) {
  const response = await fetch(new URL(name, self.location.href)).catch(() => null);
  if (!response?.ok) throw new SernetError(`${name} could not be loaded: reload the page while its server runs.`);
  return new Uint8Array(await response.arrayBuffer());
}

function ignore() {}

export class Network {
  #bundle;
  #models = new Map(); // by rows of the input

  constructor(bundle) {
    this.#bundle = bundle;
  }

  /** A stream begins: its pieces are given to `next`. */
  listen() {
    return new Windows(this.#bundle);
  }

  /** Seconds of a stream until the first answer. */
  get firstAnswerS() {
    return this.#bundle.manifest.window_s;
  }

  /** The answer to a window. */
  async next({ inputs, ...window }) {
    return { ...window, ...(await this.#answer(inputs)) };
  }

  /** The answer to a whole clip. Throws SernetError when it is too short. */
  async clip(samples) {
    return this.#answer(this.#bundle.frontEnd.clipInput(samples, this.#bundle.windowSamples));
  }

  async #answer(inputs) {
    const { manifest, frontEnd } = this.#bundle;
    const rows = inputs.length / frontEnd.width;
    const model = await this.#model(rows);
    const input = new Tensor(inputs, [1, rows, frontEnd.width, 1]);
    const outputs = await model.run([input]);
    input.delete();
    const values = outputs[0].toTypedArray().slice();
    outputs.forEach((output) => output.delete());
    if (values.length !== manifest.labels.length) {
      throw new SernetError("The model and its description do not belong together: export it again.");
    }
    return answerOf(values, manifest);
  }

  async #model(rows) {
    let model = this.#models.get(rows);
    if (!model) {
      const window = this.#bundle.frontEnd.frameCount(this.#bundle.windowSamples);
      for (const [other, unused] of this.#models) {
        if (other === window) continue; // that one is always needed again
        unused.delete();
        this.#models.delete(other);
      }
      model = await loadAndCompile(withInputRows(this.#bundle.model, rows), { accelerator: "wasm" });
      this.#models.set(rows, model);
    }
    return model;
  }
}
