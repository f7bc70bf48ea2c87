/* The kernel for Cortex-M4, M7, M33: two products an instruction (SMLAD).
 *
 * Inputs are kept in 16 bits, four of each position in turn, in the order in which SXTB16 unpacks four weights. */
#ifndef SERNET_KERNEL_DSP_H
#define SERNET_KERNEL_DSP_H

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

#define SERNET_KERNEL "Arm DSP"

typedef int16_t sernet_input_t;

static inline uint32_t sernet_word(const void *from) {
  uint32_t word;
  memcpy(&word, __builtin_assume_aligned(from, 4), 4);
  return word;
}

static inline void sernet_set_word(void *to, uint32_t word) { memcpy(__builtin_assume_aligned(to, 4), &word, 4); }

/* Bytes 1 and 3, sign extended: one instruction, which the compiler does not find. */
static inline int16x2_t sernet_odd_bytes(uint32_t word) {
  int16x2_t pair;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
  return pair;
}

/* Four inputs, and on to the next four: one instruction, too. */
static inline void sernet_load_four(const sernet_input_t **from, int16x2_t *even, int16x2_t *odd) {
  __asm__("ldrd %0, %1, [%2], #8"
          : "=&r"(*even), "=&r"(*odd), "+r"(*from)
          : "m"(*(const sernet_input_t(*)[4]) * from));
}

static inline sernet_input_t *sernet_place(sernet_input_t *inputs, unsigned count, unsigned position, unsigned at) {
  static const uint8_t order[4] = {0, 2, 1, 3};
  return inputs + (at / 4 * count + position) * 4 + order[at % 4];
}

static inline void sernet_put(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position, unsigned at,
                              const int8_t *from, unsigned n) {
  (void)depth;
  if (((at | n | (unsigned)(uintptr_t)from) & 3) == 0) {
    sernet_input_t *to = sernet_place(inputs, count, position, at);
    for (const int8_t *end = from + n; from < end; from += 4, to += 4 * count) {
      const uint32_t word = sernet_word(from);
      sernet_set_word(to, (uint32_t)__sxtb16(word));
      sernet_set_word(to + 2, (uint32_t)sernet_odd_bytes(word));
    }
    return;
  }
  for (unsigned k = 0; k < n; ++k) *sernet_place(inputs, count, position, at + k) = from[k];
}

static inline void sernet_put_same(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position,
                                   unsigned at, int8_t x, unsigned n) {
  (void)depth;
  for (unsigned k = 0; k < n; ++k) *sernet_place(inputs, count, position, at + k) = x;
}

static inline int32_t sernet_total(const sernet_convolution_t *conv, unsigned channel, const int8_t *weights,
                                   const sernet_input_t *inputs, unsigned count) {
  int32_t sums[4] = {0, 0, 0, 0};
#pragma GCC unroll 2
  for (const int8_t *end = weights + conv->depth; weights != end; weights += 4) {
    const uint32_t word = sernet_word(weights);
    const int16x2_t even_weights = __sxtb16((int8x4_t)word), odd_weights = sernet_odd_bytes(word);
    for (unsigned position = 0; position < count; ++position) {
      int16x2_t even, odd;
      sernet_load_four(&inputs, &even, &odd);
      sums[position] = __smlad(even, even_weights, sums[position]);
      sums[position] = __smlad(odd, odd_weights, sums[position]);
    }
  }
  return sernet_outputs(conv, channel, sums, count);
}

#endif
