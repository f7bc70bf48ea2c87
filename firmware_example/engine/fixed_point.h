/* Products with real factors in integers, rounded as TensorFlow Lite's reference kernels round them (gemmlowp's). */
#ifndef SERNET_FIXED_POINT_H
#define SERNET_FIXED_POINT_H

#include "sernet.h"

/* a * b / 2^31, rounded; not both may be the smallest number. */
static inline int32_t sernet_product(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* x / 2^exponent, halves rounded away from zero. */
static inline int32_t sernet_rounded_shift(int32_t x, int exponent) {
  const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
  return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0));
}

/* x * factor, of a factor below 1. */
static inline int32_t sernet_scaled_down(int32_t x, sernet_factor_t factor) {
  return sernet_rounded_shift(sernet_product(x, factor.multiplier), -factor.shift);
}

/* x * factor. */
static inline int32_t sernet_scaled(int32_t x, sernet_factor_t factor) {
  if (factor.shift > 0) return sernet_product((int32_t)((uint32_t)x << factor.shift), factor.multiplier);
  return sernet_scaled_down(x, factor);
}

/* x * factor, rounded once, halves up: the reference kernels' fully connected layer does so, their others twice. */
static inline int32_t sernet_scaled_once(int32_t x, sernet_factor_t factor) {
  const int shift = 31 - factor.shift;
  return (int32_t)(((int64_t)x * factor.multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

static inline int32_t sernet_limited(int32_t x, int32_t least, int32_t most) {
  return x < least ? least : x > most ? most : x;
}

/* Sum over positions of a channel's outputs, of the sums of products there. */
static inline int32_t sernet_outputs(const sernet_convolution_t *conv, unsigned channel, const int32_t *sums,
                                     unsigned count) {
  const int32_t bias = conv->bias[channel];
  const sernet_factor_t factor = conv->factors[channel];
  int32_t total = 0;
  for (unsigned position = 0; position < count; ++position) {
    const int32_t value = sernet_scaled_down(sums[position] + bias, factor) + conv->zero_point;
    total += sernet_limited(value, conv->least, conv->most);
  }
  return total;
}

#endif
