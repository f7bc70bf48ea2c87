/** A network that streams, in LiteRT.js: each frame is computed once. As runtime/streaming_network.py. */

import { Tensor, loadAndCompile } from "@litertjs/core";

import { answerOf } from "./answer.js";
import { Blocks } from "./blocks.js";
import { SernetError } from "./errors.js";
import { withInputRows } from "./flatbuffer.js";
import { joined } from "./numbers.js";
import { BLOCK, firstRow, rowsInClip, sourceRows, validRows } from "./stream_plan.js";

const STREAM = "stream"; // names of the signatures
const ANSWER = "answer";
const ANSWER_SUBGRAPH = 1;

export class StreamingNetwork {
  #bundle;
  #plan;
  #model;
  #answering = new Map(); // models whose `answer` takes so many rows

  constructor(bundle) {
    this.#bundle = bundle;
    this.#plan = bundle.manifest.stream;
  }

  /** A stream begins: its pieces are given to `next`. */
  listen() {
    return new Blocks(this.#bundle);
  }

  /** Seconds of a stream until the first answer: a row is known some blocks late. */
  get firstAnswerS() {
    const { settings, sampleRate } = this.#bundle.frontEnd;
    const blocks = 1 - this.#plan.row.offset;
    return ((blocks * BLOCK - 1) * settings.frame_step + settings.frame_length) / sampleRate;
  }

  /** The answer when one block of `blocks` more is heard; null as long as no row of the last feature map is known. */
  async next(block, blocks) {
    await this.#hear(block, blocks);
    const { state, since } = blocks;
    if (!state.count) return null;
    const whole = this.#plan.window[0];
    state.rows = state.rows.slice(-whole);
    const probabilities = state.count < whole ? await this.#answer(state.rows) : state.probabilities;
    const { settings, sampleRate } = this.#bundle.frontEnd;
    const start = since + (state.count - state.rows.length) * BLOCK * settings.frame_step;
    const answer = answerOf(probabilities, this.#bundle.manifest);
    const times = { start_s: start / sampleRate, end_s: block.end / sampleRate, quiet: block.spokenUntil <= start };
    return { ...times, ...answer };
  }

  /** The answer to a whole clip, as live after its last sample. Throws SernetError when it is too short. */
  async clip(samples) {
    const blocks = this.listen();
    blocks.accept(samples);
    blocks.finish();
    while (blocks.ready()) await this.#hear(blocks.pop(), blocks);
    const { rows } = blocks.state;
    if (!rows.length) throw new SernetError("There is less than a moment of sound: give a longer clip.");
    return answerOf(await this.#answer(rows), this.#bundle.manifest);
  }

  /** Compute a block; after the last one, also what waited for later frames. */
  async #hear({ inputs, last }, blocks) {
    const state = (blocks.state ??= { tensors: this.#silence(), block: 0, count: 0, rows: [] });
    const { width } = this.#bundle.frontEnd;
    const heard = state.block * BLOCK + inputs.length / width; // frames
    if (!last) return this.#compute(state, inputs, Infinity);
    for (let rest = inputs; state.count < rowsInClip(this.#plan.row, heard); rest = []) {
      const padded = new Float32Array(BLOCK * width);
      padded.set(rest);
      await this.#compute(state, padded, heard);
    }
  }

  /** One block of features; `frames` is how many the clip has, Infinity while it goes on. */
  async #compute(state, features, frames) {
    this.#model ??= await loadAndCompile(this.#bundle.model, { accelerator: "wasm" });
    const inputs = { features, ...state.tensors };
    this.#plan.masks.forEach((rows, k) => (inputs[`valid_${k}`] = validRows(rows, state.block, frames)));
    this.#plan.sources.forEach((rows, k) => (inputs[`source_${k}`] = sourceRows(rows, state.block, frames)));
    const outputs = await run(this.#model, STREAM, inputs);
    state.tensors = { window: outputs.next_window };
    state.probabilities = outputs.probabilities;
    this.#plan.states.forEach((_, k) => (state.tensors[`state_${k}`] = outputs[`next_${k}`]));
    if (firstRow(this.#plan.row, state.block) >= 0) {
      state.count += 1;
      state.rows.push(outputs.row);
    }
    state.block += 1;
  }

  /** What the network puts out for rows of the last feature map, one or more. */
  async #answer(rows) {
    let model = this.#answering.get(rows.length);
    if (!model) {
      const resized = withInputRows(this.#bundle.model, rows.length, ANSWER_SUBGRAPH);
      model = await loadAndCompile(resized, { accelerator: "wasm" });
      this.#answering.set(rows.length, model);
    }
    const { probabilities } = await run(model, ANSWER, { rows: rows.reduce(joined) });
    if (rows.length > this.#plan.window[0]) {
      this.#answering.delete(rows.length); // of a whole clip: seldom as long again
      model.delete();
    }
    return probabilities;
  }

  #silence() {
    const size = (shape) => shape.reduce((product, length) => product * length, 1);
    const states = this.#plan.states.map((shape, k) => [`state_${k}`, new Float32Array(size(shape))]);
    return Object.fromEntries([...states, ["window", new Float32Array(size(this.#plan.window))]]);
  }
}

/** Run a signature: arrays by name to arrays by name. */
async function run(model, signature, arrays) {
  const details = model.signatures[signature].getInputDetails();
  const inputs = Object.fromEntries(details.map(({ name, shape }) => [name, new Tensor(arrays[name], [...shape])]));
  const outputs = await model.run(signature, inputs);
  Object.values(inputs).forEach((tensor) => tensor.delete());
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const values = tensor.toTypedArray().slice();
      tensor.delete();
      return [name, values];
    }),
  );
}
