/** Which rows of the whole clip the tensors of a streaming network hold. As runtime/stream_plan.py. */

/** Frames that the network takes at a time, for one row of its last feature map. */
export const BLOCK = 32;

/** The clip's row that a block begins with, of rows {frames, offset, count}; below 0 before the clip. */
export function firstRow(rows, block) {
  return block * rows.count + rows.offset;
}

/** Rows of a clip of so many frames: every pool rounds up. */
export function rowsInClip(rows, frames) {
  return Math.ceil(frames / rows.frames);
}

/** 1 for a block's rows inside the clip, 0 for others: (count,). `frames` is Infinity while the clip goes on. */
export function validRows(rows, block, frames) {
  const first = firstRow(rows, block);
  const end = rowsInClip(rows, frames);
  return Float32Array.from({ length: rows.count }, (_, k) => Number(first + k >= 0 && first + k < end));
}

/** Which of a block's rows stands for each: itself, but behind an odd last one the last one. (count,). */
export function sourceRows(rows, block, frames) {
  const end = rowsInClip(rows, frames);
  const behind = end % 2 === 1 ? end - firstRow(rows, block) : -1;
  return Int32Array.from({ length: rows.count }, (_, k) => (k === behind ? k - 1 : k));
}
