/* The kernel for every processor: one position behind the other. */
#ifndef SERNET_KERNEL_PORTABLE_H
#define SERNET_KERNEL_PORTABLE_H

#include <stdint.h>
#include <string.h>

#define SERNET_KERNEL "portable"

typedef int8_t sernet_input_t;

static inline void sernet_put(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position, unsigned at,
                              const int8_t *from, unsigned n) {
  (void)count;
  memcpy(inputs + position * depth + at, from, n);
}

static inline void sernet_put_same(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position,
                                   unsigned at, int8_t x, unsigned n) {
  (void)count;
  memset(inputs + position * depth + at, x, n);
}

/* Two positions share each weight: that is what the registers of a Cortex-M0+ can hold. */
static inline int32_t sernet_total(const sernet_convolution_t *conv, unsigned channel, const int8_t *weights,
                                   const sernet_input_t *inputs, unsigned count) {
  const unsigned depth = conv->depth;
  int32_t sums[4];
  for (unsigned position = 0; position < count; position += 2) {
    const sernet_input_t *x = inputs + position * depth, *y = position + 1 < count ? x + depth : x;
    int32_t sum_x = 0, sum_y = 0;
    for (unsigned k = 0; k < depth; ++k) {
      const int32_t weight = weights[k];
      sum_x += weight * x[k];
      sum_y += weight * y[k];
    }
    sums[position] = sum_x;
    sums[position + 1] = sum_y;
  }
  return sernet_outputs(conv, channel, sums, count);
}

#endif
