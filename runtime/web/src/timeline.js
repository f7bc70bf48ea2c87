/** The answers so far as columns: as high as the answer is sure, in the emotion's tone. */

const COLUMNS = 60;
const WIDTH = 300;
const HEIGHT = 48;
const SVG = "http://www.w3.org/2000/svg";

export class Timeline {
  #svg;
  #from;
  #to;
  #answers = [];
  #live = true;

  constructor(svg, from, to) {
    this.#svg = svg;
    this.#from = from;
    this.#to = to;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#draw();
  }

  /** Start anew; `live`: time is told from now on back, not from the file's start. */
  clear(live) {
    this.#live = live;
    this.#answers = [];
    this.#draw();
  }

  get isEmpty() {
    return this.#answers.length === 0;
  }

  /** One more window's answer. */
  add(answer) {
    this.#answers.push(answer);
    this.#draw();
  }

  #draw() {
    const shown = this.#answers.slice(-COLUMNS);
    // Live answers come in from the right; a file's take the whole width.
    const length = this.#live || !shown.length ? COLUMNS : shown.length;
    const answers = [...new Array(length - shown.length), ...shown];
    const columns = answers.map((answer, index) => column((index * WIDTH) / length, WIDTH / length, answer));
    this.#svg.replaceChildren(...columns);
    this.#svg.setAttribute("aria-label", summary(shown));
    const last = shown.at(-1);
    this.#from.textContent = this.#live ? "30 s ago" : `${(shown[0]?.start_s ?? 0).toFixed(1)} s`;
    this.#to.textContent = this.#live ? "now" : `${(last?.end_s ?? 0).toFixed(1)} s`;
  }
}

function column(left, width, answer) {
  const heard = answer && !answer.quiet;
  const height = heard ? Math.max(4, HEIGHT * Math.max(...Object.values(answer.probabilities))) : 2;
  const rect = document.createElementNS(SVG, "rect");
  const shape = { x: left + 0.5, y: HEIGHT - height, width: width - 1, height, rx: heard ? 1.5 : 1 };
  for (const [name, value] of Object.entries(shape)) rect.setAttribute(name, value);
  if (heard) rect.dataset.emotion = answer.label;
  return rect;
}

/** What a screen reader says of the columns. */
function summary(answers) {
  const counts = {};
  for (const { label, quiet } of answers) if (!quiet) counts[label] = (counts[label] ?? 0) + 1;
  const parts = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  if (!parts.length) return "No answers yet";
  return `The last ${answers.length} answers: ${parts.map(([label, count]) => `${label} ${count}`).join(", ")}`;
}
