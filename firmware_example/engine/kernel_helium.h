/* The kernel for Cortex-M55 and M85: sixteen products an instruction (VMLADAVA), four outputs an instruction.
 *
 * Inputs are kept sixteen of each position in turn, so that one pointer runs through them. */
#ifndef SERNET_KERNEL_HELIUM_H
#define SERNET_KERNEL_HELIUM_H

#include <arm_mve.h>
#include <stdint.h>

#define SERNET_KERNEL "Arm Helium"

typedef int8_t sernet_input_t;

enum { SERNET_LANES = 16 };

static inline sernet_input_t *sernet_place(sernet_input_t *inputs, unsigned count, unsigned position, unsigned at) {
  return inputs + (at / SERNET_LANES * count + position) * SERNET_LANES + at % SERNET_LANES;
}

static inline void sernet_put(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position, unsigned at,
                              const int8_t *from, unsigned n) {
  (void)depth;
  sernet_input_t *to = sernet_place(inputs, count, position, at);
  if (n == 1) {
    *to = *from;
    return;
  }
  const unsigned room = SERNET_LANES - at % SERNET_LANES;
  if (room < SERNET_LANES) { /* up to the next sixteen */
    const unsigned run = n < room ? n : room;
    const mve_pred16_t lanes = vctp8q(run);
    vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
    n -= run, from += run, to += room + (count - 1) * SERNET_LANES;
  }
  for (; n >= SERNET_LANES; n -= SERNET_LANES, from += SERNET_LANES, to += count * SERNET_LANES)
    vstrbq_s8(to, vldrbq_s8(from));
  if (n > 0) {
    const mve_pred16_t lanes = vctp8q(n);
    vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
  }
}

static inline void sernet_put_same(sernet_input_t *inputs, unsigned depth, unsigned count, unsigned position,
                                   unsigned at, int8_t x, unsigned n) {
  (void)depth;
  for (unsigned run; n > 0; n -= run, at += run) {
    const unsigned room = SERNET_LANES - at % SERNET_LANES;
    run = n < room ? n : room;
    vstrbq_p_s8(sernet_place(inputs, count, position, at), vdupq_n_s8(x), vctp8q(run));
  }
}

/* A loop whose last turn leaves lanes out by itself; sixteen weights against those of each position. The compiler's own
 * code for it takes twice the instructions. */
#define SERNET_LOOP(positions) \
  "wlstp.8 lr, %[depth], 2f\n1: vldrb.8 q0, [%[weights]], #16\n" positions "letp lr, 1b\n2:\n"
#define SERNET_POSITION(sum) "vldrb.8 q1, [%[inputs]], #16\nvmladava.s8 %[" sum "], q0, q1\n"
#define SERNET_ASM(positions, ...)                                                                        \
  __asm__ volatile(SERNET_LOOP(positions)                                                                 \
                   : [weights] "+r"(weights), [inputs] "+r"(inputs), __VA_ARGS__                          \
                   : [depth] "r"(depth)                                                                   \
                   : "q0", "q1", "lr", "memory")

static inline int32x4_t sernet_sums(const int8_t *weights, const sernet_input_t *inputs, unsigned depth,
                                    unsigned count) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  if (count == 1)
    SERNET_ASM(SERNET_POSITION("a"), [a] "+Te"(a));
  else if (count == 2)
    SERNET_ASM(SERNET_POSITION("a") SERNET_POSITION("b"), [a] "+Te"(a), [b] "+Te"(b));
  else if (count == 3)
    SERNET_ASM(SERNET_POSITION("a") SERNET_POSITION("b") SERNET_POSITION("c"), [a] "+Te"(a), [b] "+Te"(b),
               [c] "+Te"(c));
  else
    SERNET_ASM(SERNET_POSITION("a") SERNET_POSITION("b") SERNET_POSITION("c") SERNET_POSITION("d"), [a] "+Te"(a),
               [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d));
  int32x4_t sums;
  __asm__("vmov %q0[2], %q0[0], %1, %3\nvmov %q0[3], %q0[1], %2, %4" : "=&w"(sums) : "r"(a), "r"(b), "r"(c), "r"(d));
  return sums;
}

/* `sernet_outputs`, all positions at once. */
static inline int32_t sernet_total(const sernet_convolution_t *conv, unsigned channel, const int8_t *weights,
                                   const sernet_input_t *inputs, unsigned count) {
  const sernet_factor_t factor = conv->factors[channel];
  int32x4_t x = vaddq_n_s32(sernet_sums(weights, inputs, conv->depth, count), conv->bias[channel]);
  x = vqrdmulhq_n_s32(x, factor.multiplier);
  const int32x4_t shift = vdupq_n_s32(factor.shift);
  x = vrshlq_s32(vaddq_s32(x, vshrq_n_s32(vandq_s32(x, shift), 31)), shift); /* halves away from zero */
  x = vaddq_n_s32(x, conv->zero_point);
  x = vminq_s32(vmaxq_s32(x, vdupq_n_s32(conv->least)), vdupq_n_s32(conv->most));
  return count == 4 ? vaddvq_s32(x) : vaddvq_p_s32(x, vctp32q(count));
}

#endif
