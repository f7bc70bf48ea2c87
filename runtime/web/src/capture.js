/** The audio thread's part: what the microphone gives, in pieces of some 40 ms. */

const PIECE = 2048;

class Capture extends AudioWorkletProcessor {
  #piece = new Float32Array(PIECE);
  #filled = 0;

  process([channels]) {
    if (!channels.length) return true; // the microphone is not connected yet
    this.#piece.set(channels[0], this.#filled);
    this.#filled += channels[0].length;
    if (this.#filled === PIECE) {
      this.port.postMessage(this.#piece, [this.#piece.buffer]);
      this.#piece = new Float32Array(PIECE);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
