/** The microphone as it is: no echo cancellation, no noise suppression, no automatic gain, at its own rate. */

import { SernetError } from "./errors.js";

const REFUSALS = {
  NotAllowedError: "The microphone is not allowed: permit it in the browser’s settings for this page, then start.",
  NotFoundError: "No microphone was found: connect one, then start again.",
  NotReadableError: "The microphone is taken by another program: close that, then start again.",
};

export class Microphone {
  #media;
  #context;
  #node;
  #lock = null;

  /** Samples per second of what `onSamples` gets. */
  rate;

  /**
   * Ask for the microphone; the browser asks the person.
   * @param {(samples: Float32Array) => void} onSamples mono, some 40 ms at a time
   * @param {() => void} onLost the microphone has gone away
   * Throws SernetError when there is none to be had.
   */
  static async open(onSamples, onLost) {
    if (!window.isSecureContext) {
      throw new SernetError("The microphone needs https:// or localhost: open this page there. Files work here, too.");
    }
    if (!navigator.mediaDevices?.getUserMedia || typeof AudioWorkletNode === "undefined") {
      throw new SernetError("This browser gives pages no microphone: try a newer one. Files work here, too.");
    }
    const microphone = new Microphone();
    try {
      await microphone.#open(onSamples, onLost);
    } catch (error) {
      microphone.close();
      throw new SernetError(REFUSALS[error.name] ?? `The microphone cannot be opened: ${error.message}`);
    }
    return microphone;
  }

  async #open(onSamples, onLost) {
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
    this.#media = await navigator.mediaDevices.getUserMedia({ audio: raw });
    const [track] = this.#media.getAudioTracks();
    const { sampleRate } = track.getSettings();
    this.#context = new AudioContext(sampleRate ? { sampleRate } : {});
    this.rate = this.#context.sampleRate;
    await this.#context.audioWorklet.addModule(new URL("capture.js", document.baseURI));
    this.#node = new AudioWorkletNode(this.#context, "capture", {
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#node.port.onmessage = ({ data }) => onSamples(data);
    track.addEventListener("ended", onLost);
    // Its output is silence; a node that leads nowhere is not run by every browser.
    this.#context.createMediaStreamSource(this.#media).connect(this.#node).connect(this.#context.destination);
    await this.#context.resume();
    // A phone that falls asleep stops listening.
    this.#lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
  }

  close() {
    this.#media?.getTracks().forEach((track) => track.stop());
    if (this.#node) this.#node.port.onmessage = null;
    this.#context?.close();
    this.#lock?.release();
  }
}
