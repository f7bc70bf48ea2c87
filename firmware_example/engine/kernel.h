/* Sums of products, the work of all convolutions: the inputs of up to four positions against the same weights.
 *
 * A kernel lays out the inputs as it likes. It defines
 *   sernet_input_t  how it stores one input
 *   sernet_put(inputs, depth, count, position, at, from, n)    n inputs of a position, from the at-th product on
 *   sernet_put_same(inputs, depth, count, position, at, x, n)  the same, all of them x
 *   sernet_total(conv, channel, weights, inputs, count)        sum over positions of the channel's outputs
 * `count` is the number of positions and a constant where sernet_total is called, `depth` the convolution's, a multiple
 * of 4. Weights are aligned to 4 bytes. */
#ifndef SERNET_KERNEL_H
#define SERNET_KERNEL_H

#include "fixed_point.h"

#if defined(__ARM_FEATURE_MVE)
#include "kernel_helium.h"
#elif defined(__ARM_FEATURE_DSP)
#include "kernel_dsp.h"
#else
#include "kernel_portable.h"
#endif

#endif
