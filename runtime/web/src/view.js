/** What the page shows. It holds no state of the work itself. */

import { UNCERTAIN } from "./answer.js";
import { WAVE, faceOf } from "./faces.js";
import { Timeline } from "./timeline.js";

const ANNOUNCE_MS = 3000; // a screen reader is not talked over
const ICONS = {
  start: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3M5 11a7 7 0 0 0 14 0M12 18v3",
  stop: "M7 7h10v10H7z",
};

const get = (id) => document.getElementById(id);

export class View {
  #bars = new Map();
  #announced = { text: "", at: -Infinity };
  timeline = new Timeline(get("timeline"), get("timeline-from"), get("timeline-to"));

  constructor() {
    this.idle("Loading", "One moment: the network is loaded.");
    this.listening(false);
  }

  /** Make a bar for each of the bundle's labels, and say what the bundle says of itself. */
  describe(manifest) {
    const items = manifest.labels.map((label) => {
      const item = document.createElement("li");
      item.dataset.emotion = label;
      const name = element("span", "name", label);
      const track = element("div", "track");
      track.append(element("div", "fill"));
      const meter = { role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 };
      for (const [key, value] of Object.entries(meter)) track.setAttribute(key, value);
      const value = element("span", "value");
      value.setAttribute("aria-hidden", "true"); // the meter says it
      item.append(name, track, value);
      this.#bars.set(label, { item, track, value });
      return item;
    });
    get("bars").replaceChildren(...items);
    this.#probabilities({});
    const { corpus = {}, accuracy = [] } = manifest;
    get("speech").textContent = `acted ${corpus.language ?? ""} speech`.replace("  ", " ");
    const rows = [["Model", `${manifest.name}, made by ${manifest.made_by}`]];
    if (corpus.title) rows.push(["Learned from", `${corpus.title} (${corpus.licence})`]);
    const [best] = accuracy;
    if (best) {
      const percent = (value) => (100 * value).toFixed(1);
      const interval = `[${percent(best.low)}, ${percent(best.high)}]`;
      rows.push(["Accuracy", `${best.metric} ${percent(best.value)}% ${interval}, ${best.protocol}, ${best.n} clips`]);
    }
    if (manifest.uncertain_below) rows.push(["Uncertain", `below ${Math.round(100 * manifest.uncertain_below)}%`]);
    get("about").replaceChildren(...rows.flatMap(([term, text]) => [element("dt", "", term), element("dd", "", text)]));
  }

  /** Nothing is answered: a headline and what to do. */
  idle(headline, detail) {
    get("hero").dataset.emotion = "none";
    get("face").setAttribute("d", WAVE);
    get("emotion").textContent = headline;
    get("detail").textContent = detail;
    this.#probabilities({});
    this.announce(`${headline}. ${detail}`);
  }

  /** One answer, of a window or a whole clip. */
  answer(answer, source) {
    const { label, probabilities } = answer;
    const [likeliest, best] = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
    const percent = `${Math.round(100 * best)}%`;
    get("hero").dataset.emotion = label;
    get("face").setAttribute("d", faceOf(label));
    get("emotion").textContent = label;
    get("detail").textContent = `${label === UNCERTAIN ? `perhaps ${likeliest}: ` : ""}${percent}, ${source}`;
    this.#probabilities(probabilities, likeliest);
    const changed = label !== this.#announced.text;
    if (changed && performance.now() - this.#announced.at > ANNOUNCE_MS) {
      this.announce(`${label}, ${percent}`);
      this.#announced = { text: label, at: performance.now() };
    }
  }

  /** Whether the microphone is open: what the button does. */
  listening(open) {
    get("start").classList.toggle("on", open);
    get("start-name").textContent = open ? "Stop" : "Start";
    get("start-icon").setAttribute("d", open ? ICONS.stop : ICONS.start);
    if (!open) this.level(-Infinity);
  }

  usable(whether) {
    get("start").disabled = get("open").disabled = !whether;
  }

  /** The microphone's level, in dB below full scale. */
  level(dbfs) {
    const limited = Math.round(Math.max(-60, Math.min(0, dbfs)));
    const meter = get("level");
    meter.setAttribute("aria-valuenow", limited);
    meter.setAttribute("aria-valuetext", limited === -60 ? "silent" : `${limited} dB`);
    get("hero").style.setProperty("--level", (limited + 60) / 60);
  }

  /** A problem in one line; an empty one takes it away. */
  problem(message) {
    get("problem").textContent = message;
  }

  offline(ready) {
    get("place").textContent = ready ? "On this device, offline too" : "On this device only";
  }

  announce(text) {
    this.#announced = { text: "", at: -Infinity };
    const announcer = get("announcer");
    if (announcer.textContent !== text) announcer.textContent = text;
  }

  #probabilities(probabilities, likeliest) {
    for (const [label, { item, track, value }] of this.#bars) {
      const share = probabilities[label];
      const percent = Math.round(100 * (share ?? 0));
      item.classList.toggle("likeliest", label === likeliest);
      track.style.setProperty("--share", share ?? 0);
      track.setAttribute("aria-valuenow", percent);
      track.setAttribute("aria-valuetext", share === undefined ? "no answer" : `${percent}%`);
      value.textContent = share === undefined ? "–" : `${percent}%`;
    }
  }
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
