/** The page: buttons and files to the worker, its answers to the view. */

import { readAudioFile } from "./audio_file.js";
import { SernetError } from "./errors.js";
import { Microphone } from "./microphone.js";
import { View } from "./view.js";

const view = new View();
const worker = new Worker(new URL("worker.js", document.baseURI));
let stream = 0; // counts what is listened to, so that a late answer is known as one
let microphone = null;
let opening = false;
let manifest = null;
let firstAnswerS = 0;
let source = () => ""; // what an answer rests on, in words

/** Keep the page for offline use; whether that worked. Until then nothing big is loaded, so that it is loaded once. */
async function keepOffline() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register(new URL("service_worker.js", document.baseURI));
    if (!navigator.onLine) return true;
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    return false; // a private window, or no room: the page works from its server
  }
}

async function start() {
  if (opening) return;
  opening = true;
  view.problem("");
  const mine = ++stream;
  try {
    view.idle("Microphone", "Allow it: what it hears stays on this device.");
    const pieces = (samples) => {
      if (mine !== stream) return;
      view.level(decibels(samples));
      worker.postMessage({ type: "samples", stream: mine, samples }, [samples.buffer]);
    };
    const lost = () => {
      stop();
      view.problem("The microphone has gone away: connect it, then start again.");
    };
    const opened = await Microphone.open(pieces, lost);
    worker.postMessage({ type: "stream", stream: mine, rate: opened.rate });
    microphone = opened;
    source = () => `from the last ${manifest.window_s} s`;
    view.timeline.clear(true);
    view.listening(true);
    view.idle("Listening", `Speak: the first answer comes after ${firstAnswerS.toFixed(1)} s.`);
  } catch (error) {
    view.idle("Ready", "Press Start and speak, or open a recording.");
    view.problem(error.message);
  } finally {
    opening = false;
  }
}

function stop() {
  if (!microphone) return;
  microphone.close();
  microphone = null;
  view.listening(false);
  worker.postMessage({ type: "finish", stream });
  if (view.timeline.isEmpty) view.idle("Stopped", "Press Start and speak, or open a recording.");
  else view.announce("Stopped");
}

async function openFile(file) {
  if (!file || !manifest || opening) return;
  stop();
  const mine = ++stream;
  view.problem("");
  view.timeline.clear(false);
  view.idle("Reading", file.name);
  source = ({ kind, start_s: from, end_s: to }) =>
    kind === "clip" ? file.name : `${file.name}, ${from} to ${to.toFixed(1)} s`;
  try {
    const { samples, rate } = await readAudioFile(file);
    if (mine === stream) worker.postMessage({ type: "clip", stream: mine, samples, rate }, [samples.buffer]);
  } catch (error) {
    if (mine === stream) failed(error instanceof SernetError ? error.message : `${file.name} cannot be read.`);
  }
}

function failed(message) {
  if (microphone) stop();
  if (manifest) view.idle("Ready", "Press Start and speak, or open a recording.");
  else view.idle("Sorry", "This page cannot work here.");
  view.problem(message);
}

function answered(answer) {
  // For other code of the page, and for its tests.
  document.dispatchEvent(new CustomEvent("sernet-answer", { detail: answer }));
  if (answer.kind === "window") view.timeline.add(answer);
  if (answer.quiet) view.idle(microphone ? "Listening" : "Silence", "No speech is heard.");
  else view.answer(answer, source(answer));
}

worker.addEventListener("message", ({ data }) => {
  if (data.type === "ready") {
    ({ manifest, firstAnswerS } = data);
    view.describe(manifest);
    view.usable(true);
    view.idle("Ready", "Press Start and speak, or open a recording.");
  } else if (data.type === "failed" && (data.stream === undefined || data.stream === stream)) {
    failed(data.message);
  } else if (data.type === "behind" && data.stream === stream) {
    view.problem("This device is too slow to answer every half second: some answers are left out.");
  } else if (data.type === "answer" && data.stream === stream) {
    answered(data);
  }
});
worker.addEventListener("error", (event) => failed(`The page is damaged (${event.message}): reload it.`));

/** Level: root mean square of samples, in dB below full scale. */
function decibels(samples) {
  return 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length + 1e-12);
}

const button = (id) => document.getElementById(id);
button("start").addEventListener("click", () => (microphone ? stop() : start()));
button("open").addEventListener("click", () => button("file").click());
button("file").addEventListener("change", ({ target }) => {
  openFile(target.files[0]);
  target.value = ""; // the same file may be opened again
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") openFile(event.dataTransfer.files[0]);
  });
}

view.offline(await keepOffline());
worker.postMessage({ type: "open" });
