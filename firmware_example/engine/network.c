/* The network as streams of rows: each stage computes a pooled row as soon as the rows that it needs are there.
 *
 * State: rows taken and rows given of each stage, the sums over the last feature map, and of each stage's input the
 * rows that are still needed. Row y lies in its ring at y modulo the ring's size. A value is never stored before its
 * pool, and a row that no later one needs lies in the scratch. */
#include <string.h>

#include "fixed_point.h"
#include "kernel.h"
#include "sernet.h"

#ifndef SERNET_REWIND_AT
#define SERNET_REWIND_AT 1000000 /* rows of a stage: 8 hours of the first one's */
#endif

static uint32_t *taken(const sernet_t *net, unsigned stage) { return net->state + stage; }

static uint32_t *given(const sernet_t *net, unsigned stage) { return net->state + net->model->stage_count + stage; }

static const sernet_stage_t *last_stage(const sernet_model_t *model) { return &model->stages[model->stage_count - 1]; }

/* Of each channel, over all values of the last feature map. */
static int32_t *sums_of(const sernet_t *net) { return (int32_t *)net->state + 2 * net->model->stage_count; }

/* Behind the inputs that a kernel lays out lie an output column, and rows that are needed for a moment alone. */
static int8_t *column_in(const sernet_t *net) {
  return (int8_t *)((sernet_input_t *)net->scratch + net->model->most_inputs);
}

static int8_t *row_of(const sernet_t *net, unsigned stage, uint32_t row) {
  const sernet_stage_t *plan = &net->model->stages[stage];
  if (plan->kept_rows == 1) return column_in(net) + plan->ring;
  int8_t *rings = (int8_t *)(sums_of(net) + last_stage(net->model)->outputs);
  return rings + plan->ring + row % plan->kept_rows * ((uint32_t)plan->columns * plan->channels);
}

/* Lay out what the kernel of `conv` covers around (row, column): beyond the edges lies the zero point. */
static void put_position(const sernet_t *net, unsigned stage, const sernet_convolution_t *conv, unsigned count,
                         unsigned position, int32_t row, int32_t column) {
  const sernet_stage_t *plan = &net->model->stages[stage];
  const unsigned channels = plan->channels, run = conv->columns * channels, depth = conv->depth;
  const int32_t first = column - conv->columns / 2, beyond = first + conv->columns - plan->columns;
  const unsigned before = first < 0 ? (unsigned)-first * channels : 0;
  const unsigned behind = beyond > 0 ? (unsigned)beyond * channels : 0;
  const unsigned inside = run - before - behind;
  const int32_t height = (int32_t)*taken(net, stage), top = row - conv->rows / 2, bottom = top + conv->rows;
  sernet_input_t *inputs = net->scratch;
  unsigned at = 0;
  if (top < 0) {
    at = (unsigned)-top * run;
    sernet_put_same(inputs, depth, count, position, 0, plan->zero_point, at);
  }
  const int8_t *from = row_of(net, stage, (uint32_t)(top < 0 ? 0 : top)), *ring = row_of(net, stage, 0);
  const unsigned pitch = plan->columns * channels;
  const int8_t *end = ring + plan->kept_rows * pitch;
  from += (first < 0 ? 0 : first) * (int32_t)channels;
  for (int32_t y = top < 0 ? 0 : top; y < bottom && y < height; ++y) {
    if (before) sernet_put_same(inputs, depth, count, position, at, plan->zero_point, before);
    sernet_put(inputs, depth, count, position, at + before, from, inside);
    if (behind) sernet_put_same(inputs, depth, count, position, at + before + inside, plan->zero_point, behind);
    at += run;
    from += pitch;
    if (from >= end) from -= end - ring;
  }
  const unsigned kernel = conv->rows * run;
  if (at < kernel) sernet_put_same(inputs, depth, count, position, at, plan->zero_point, kernel - at);
  if (kernel < depth) sernet_put_same(inputs, depth, count, position, kernel, 0, depth - kernel);
}

/* sum / count, halves rounded away from zero. */
static inline int32_t average(int32_t sum, unsigned count) {
  if (count == 3) return (sum + (sum < 0 ? -1 : 1)) / 3;
  return (sum + (int32_t)(count / 2) + (count > 1 ? sum >> 31 : 0)) >> (count / 2);
}

/* All outputs of a convolution at the positions that were put, averaged over them. */
static inline __attribute__((always_inline)) void convolve_count(sernet_convolution_t conv,
                                                                 const sernet_input_t *inputs, unsigned count,
                                                                 int8_t *restrict output) {
  const int8_t *weights = conv.weights;
  for (unsigned channel = 0; channel < conv.outputs; ++channel, weights += conv.depth) {
    output[channel] = (int8_t)average(sernet_total(&conv, channel, weights, inputs, count), count);
  }
}

/* The same, with loops that the compiler can unroll. */
static void convolve(const sernet_convolution_t *conv, const sernet_input_t *inputs, unsigned count, int8_t *output) {
  switch (count) {
    case 1: convolve_count(*conv, inputs, 1, output); break;
    case 2: convolve_count(*conv, inputs, 2, output); break;
    case 3: convolve_count(*conv, inputs, 3, output); break;
    default: convolve_count(*conv, inputs, 4, output);
  }
}

/* One pooled column of a stage's next row; rows that have not arrived are taken to lie beyond the clip's end. */
static void compute_column(const sernet_t *net, unsigned stage, int32_t pooled, int8_t *output) {
  const sernet_stage_t *plan = &net->model->stages[stage];
  const int32_t row = (int32_t)*given(net, stage) * plan->pool_rows, column = pooled * plan->pool_columns;
  const int32_t below = (int32_t)*taken(net, stage) - row, beside = plan->columns - column;
  const int32_t rows = below < plan->pool_rows ? below : plan->pool_rows;
  const int32_t columns = beside < plan->pool_columns ? beside : plan->pool_columns;
  const unsigned count = (unsigned)(rows * columns);
  for (unsigned branch = 0; branch < plan->branch_count; ++branch) {
    const sernet_convolution_t *conv = &plan->branches[branch];
    unsigned position = 0;
    for (int32_t r = 0; r < rows; ++r)
      for (int32_t c = 0; c < columns; ++c) put_position(net, stage, conv, count, position++, row + r, column + c);
    convolve(conv, net->scratch, count, output);
    output += conv->outputs;
  }
}

/* Add a column of the last feature map to the sums, and to those of its own row where a window keeps them. */
static void add_column(const sernet_t *net, const int8_t *column, unsigned outputs, int16_t *row) {
  int32_t *sums = sums_of(net);
  for (unsigned channel = 0; channel < outputs; ++channel) {
    sums[channel] += column[channel];
    if (row) row[channel] = (int16_t)(row[channel] + column[channel]);
  }
}

/* Of the window's rows the place of the next one, emptied: the row that leaves the window is taken from the sums. */
static int16_t *next_window_row(const sernet_t *net, unsigned outputs, uint32_t number) {
  if (!net->window) return NULL;
  int16_t *row = net->window + number % net->window_rows * outputs;
  int32_t *sums = sums_of(net);
  for (unsigned channel = 0; channel < outputs; ++channel) {
    if (number >= net->window_rows) sums[channel] -= row[channel];
    row[channel] = 0;
  }
  return row;
}

/* Compute a stage's next row, and put it where the next stage takes it; the last stage's goes into the sums. */
static void compute_row(const sernet_t *net, unsigned stage) {
  const sernet_stage_t *plan = &net->model->stages[stage];
  const int last = stage + 1 == net->model->stage_count;
  int8_t *output = last ? column_in(net) : row_of(net, stage + 1, *taken(net, stage + 1));
  int16_t *row = last ? next_window_row(net, plan->outputs, *given(net, stage)) : NULL;
  for (int32_t pooled = 0; pooled < plan->output_columns; ++pooled) {
    compute_column(net, stage, pooled, output);
    if (last)
      add_column(net, output, plan->outputs, row);
    else
      output += plan->outputs;
  }
  ++*given(net, stage);
  if (!last) ++*taken(net, stage + 1);
}

void sernet_reset(const sernet_t *net) { memset(net->state, 0, net->model->state_bytes); }

/* A stream without an end: counters begin again before they overflow, where it makes no difference to any row. */
static void rewind_counters(const sernet_t *net, unsigned stage) {
  const sernet_stage_t *plan = &net->model->stages[stage];
  const uint32_t turn = plan->kept_rows * (net->window_rows ? net->window_rows : UINT32_C(1));
  if (!net->window || *given(net, stage) < SERNET_REWIND_AT + turn) return;
  const uint32_t turns = SERNET_REWIND_AT / turn * turn;
  *given(net, stage) -= turns;
  *taken(net, stage) -= turns * plan->pool_rows;
}

/* Compute what has become possible from a stage on; 1 when that is a row of the last feature map. */
static int advance(const sernet_t *net, unsigned stage) {
  for (; stage < net->model->stage_count; ++stage) {
    const sernet_stage_t *plan = &net->model->stages[stage];
    if (*taken(net, stage) < (*given(net, stage) + 1) * plan->pool_rows + plan->ahead) return 0;
    compute_row(net, stage);
    rewind_counters(net, stage);
  }
  return 1;
}

int sernet_push_features(const sernet_t *net, const int8_t *row) {
  const sernet_stage_t *first = &net->model->stages[0];
  memmove(row_of(net, 0, *taken(net, 0)), row, (size_t)first->columns * first->channels);
  ++*taken(net, 0);
  return advance(net, 0);
}

sernet_status_t sernet_finish(const sernet_t *net, int8_t *probabilities) {
  for (unsigned stage = 0; stage < net->model->stage_count; ++stage) {
    const sernet_stage_t *plan = &net->model->stages[stage];
    const uint32_t odd = plan->keeps_odd ? plan->pool_rows - UINT32_C(1) : 0;
    const uint32_t rows = (*taken(net, stage) + odd) / plan->pool_rows;
    while (*given(net, stage) < rows) {
      compute_row(net, stage);
      advance(net, stage + 1);
    }
  }
  const sernet_status_t status = sernet_logits(net, probabilities);
  if (status == SERNET_OK) sernet_softmax(net->model, probabilities, probabilities);
  return status;
}

/* The factor of a mean: as TensorFlow Lite folds the number of values into it. */
static sernet_factor_t divided(sernet_factor_t factor, uint32_t count) {
  int shift = 0;
  while (shift < 31 && count >> (shift + 1)) ++shift; /* floor(log2(count)) */
  if (shift > 31 + factor.shift) shift = 31 + factor.shift;
  factor.multiplier = (int32_t)(((int64_t)factor.multiplier * ((int64_t)1 << shift)) / count);
  factor.shift = (int8_t)(factor.shift - shift);
  return factor;
}

sernet_status_t sernet_logits(const sernet_t *net, int8_t *logits) {
  const sernet_head_t *head = &net->model->head;
  const sernet_stage_t *plan = last_stage(net->model);
  uint32_t rows = *given(net, net->model->stage_count - 1u);
  if (net->window && rows > net->window_rows) rows = net->window_rows;
  const uint32_t count = rows * plan->output_columns;
  if (count == 0) return SERNET_TOO_SHORT;
  const sernet_factor_t factor = divided(head->mean, count);
  const int32_t *sums = sums_of(net);
  int32_t *totals = net->scratch;
  for (unsigned label = 0; label < net->model->classes; ++label) totals[label] = head->bias[label];
  for (unsigned channel = 0; channel < plan->outputs; ++channel) {
    const int32_t sum = sums[channel] - head->map_zero_point * (int32_t)count;
    const int32_t mean = sernet_limited(sernet_scaled(sum, factor) + head->mean_zero_point, -128, 127);
    for (unsigned label = 0; label < net->model->classes; ++label)
      totals[label] += head->weights[label * plan->outputs + channel] * mean;
  }
  for (unsigned label = 0; label < net->model->classes; ++label) {
    const int32_t logit = sernet_scaled_once(totals[label], head->factors[label]) + head->zero_point;
    logits[label] = (int8_t)sernet_limited(logit, -128, 127);
  }
  return SERNET_OK;
}
