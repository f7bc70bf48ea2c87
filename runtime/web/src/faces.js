/** Line drawings for what a bundle may answer, in a square of 120. */

const EYES = "M44 54h.01M76 54h.01";

export const FACES = {
  anger: `${EYES}M35 41l17 6M85 41l-17 6M44 85q16-13 32 0`,
  boredom: "M37 54h14M69 54h14M48 82l24-4",
  disgust: "M38 50l12 5-12 5M82 50l-12 5 12 5M42 82q6-8 12 0t12 0 12 0",
  fear: "M38 55a6 6 0 1 0 12 0 6 6 0 1 0-12 0M70 55a6 6 0 1 0 12 0 6 6 0 1 0-12 0M34 43q6-7 15-6M86 43q-6-7-15-6M51 82a9 7 0 1 0 18 0 9 7 0 1 0-18 0",
  happiness: "M37 55q7-10 14 0M69 55q7-10 14 0M40 72q20 25 40 0",
  neutral: `${EYES}M46 80h28`,
  sadness: `${EYES}M36 46l14-6M84 46l-14-6M45 86q15-14 30 0`,
  surprise: `${EYES}M36 42q8-7 15-2M84 42q-8-7-15-2M51 80a9 10 0 1 0 18 0 9 10 0 1 0-18 0`,
  calm: "M37 54q7 6 14 0M69 54q7 6 14 0M46 78q14 8 28 0",
  uncertain: `${EYES}M69 41q8-5 15 0M46 82q7-7 14-1t14-1`,
};

/** Nobody is heard. */
export const WAVE = "M34 54v12M47 44v32M60 34v52M73 46v28M86 55v10";

/** The drawing for a label; of one that nobody drew, a face that is neutral. */
export function faceOf(label) {
  return FACES[label] ?? FACES.neutral;
}
