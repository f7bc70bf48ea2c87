/* One frame: window, Fourier transform, magnitudes, mel bands, logarithms, cosine transform; in integers. */
#include <string.h>

#include "fixed_point.h"
#include "front_end.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

enum {
  FRACTION = 6,  /* bits behind the point of the spectrum, of samples as loud as 16 bits can be */
  MOST_GAIN = 9, /* bits by which a quiet frame is made louder */
  LOG_SHIFT = 6, /* from 1/65536 to the 1/1024 of 16 bits that the cosine transform takes */
  DOT_SHIFT = 10 /* its sums, in 2^-25, to 2^-15 */
};

static unsigned leading_zeros(uint32_t x) { return x ? (unsigned)__builtin_clz(x) : 32; } /* int has 32 bits */

/* x * factor / 65536, rounded down. */
static inline int32_t product(int32_t x, int16_t factor) {
#if defined(__ARM_FEATURE_DSP)
  int32_t result;
  __asm__("smulwb %0, %1, %2" : "=r"(result) : "r"(x), "r"(factor));
  return result;
#elif defined(__thumb__) && !defined(__thumb2__) /* no product of 64 bits */
  return (x >> 16) * factor + (((x & 0xffff) * factor) >> 16);
#else
  return (int32_t)(((int64_t)x * factor) >> 16);
#endif
}

/* sum + product(x, factor) */
static inline int32_t plus_product(int32_t sum, int32_t x, int16_t factor) {
#if defined(__ARM_FEATURE_DSP)
  __asm__("smlawb %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(factor));
  return sum;
#else
  return sum + product(x, factor);
#endif
}

typedef struct {
  int32_t re, im;
} point_t;

static inline point_t point_at(const point_t *from) {
#if defined(__ARM_FEATURE_DSP) /* one instruction, which the compiler does not find */
  point_t point;
  __asm__("ldrd %0, %1, [%2]" : "=r"(point.re), "=&r"(point.im) : "r"(from), "m"(*from));
  return point;
#else
  return *from;
#endif
}

static inline void set_point(point_t *to, int32_t re, int32_t im) {
#if defined(__ARM_FEATURE_DSP)
  __asm__("strd %1, %2, [%3]" : "=m"(*to) : "r"(re), "r"(im), "r"(to));
#else
  to->re = re, to->im = im;
#endif
}

/* Half of z times e^(-i angle). */
static inline point_t turned(point_t z, uint32_t angle) {
#if defined(__ARM_FEATURE_DSP) /* both halves of a word in one register */
  point_t result;
  int32_t other;
  __asm__("smulwb %0, %1, %2" : "=r"(result.re) : "r"(z.re), "r"(angle));
  __asm__("smlawt %0, %1, %2, %0" : "+r"(result.re) : "r"(z.im), "r"(angle));
  __asm__("smulwb %0, %1, %2" : "=r"(result.im) : "r"(z.im), "r"(angle));
  __asm__("smulwt %0, %1, %2" : "=r"(other) : "r"(z.re), "r"(angle));
  result.im -= other;
  return result;
#else
  const int16_t cosine = (int16_t)angle, sine = (int16_t)(angle >> 16);
  return (point_t){product(z.re, cosine) + product(z.im, sine), product(z.im, cosine) - product(z.re, sine)};
#endif
}

/* Fourier transform of points in bit-reversed order, in steps of four (Cooley and Tukey, 1965), where transforms of
 * `part` points are done. Each sum is that of a transform of fewer points, so nothing outgrows the sum of all sizes. */
static void transform(point_t *z, unsigned part, unsigned count, const uint32_t *turn, unsigned angles) {
  for (; part < count; part *= 4) {
    const unsigned step = angles / (4 * part);
    for (unsigned j = 0; j < part; ++j) {
      const uint32_t once = turn[j * step], twice = turn[2 * j * step], thrice = turn[3 * j * step];
      for (point_t *a = z + j; a < z + count; a += 4 * part) {
        point_t *const b = a + part, *const c = b + part, *const d = c + part;
        const point_t b2 = turned(point_at(b), twice), a0 = point_at(a);
        const point_t p = {a0.re + 2 * b2.re, a0.im + 2 * b2.im}, q = {a0.re - 2 * b2.re, a0.im - 2 * b2.im};
        const point_t c1 = turned(point_at(c), once), d3 = turned(point_at(d), thrice);
        const point_t r = {c1.re + d3.re, c1.im + d3.im}, t = {c1.re - d3.re, c1.im - d3.im};
        set_point(a, p.re + 2 * r.re, p.im + 2 * r.im);
        set_point(b, q.re + 2 * t.im, q.im - 2 * t.re);
        set_point(c, p.re - 2 * r.re, p.im - 2 * r.im);
        set_point(d, q.re - 2 * t.im, q.im + 2 * t.re);
      }
    }
  }
}

/* x * 2^exponent, rounded down. */
static inline uint32_t shifted(uint32_t x, int exponent) { return exponent < 0 ? x >> -exponent : x << exponent; }

/* sqrt(re^2 + im^2), to 1 in 2^14: of 15 bits each, with a table of the root and straight lines between its points. */
static inline uint32_t magnitude(const uint16_t *square_roots, int32_t re, int32_t im) {
  uint32_t a = re < 0 ? 0u - (uint32_t)re : (uint32_t)re, b = im < 0 ? 0u - (uint32_t)im : (uint32_t)im;
  if ((a | b) == 0) return 0;
  const int exponent = 17 - (int)leading_zeros(a | b);
  a = shifted(a, -exponent), b = shifted(b, -exponent);
  const uint32_t square = a * a + b * b; /* from 2^28 on, below 2^31 */
  const uint16_t *place = square_roots + (square >> 22) - 64;
  return shifted(place[0] + ((uint32_t)(place[1] - place[0]) * (square >> 6 & 0xffff) >> 16), exponent);
}

/* Sum of products of 16 bits; `count` is even. */
static inline int64_t dot(const int16_t *a, const int16_t *b, unsigned count) {
  int64_t sum = 0;
#if defined(__ARM_FEATURE_DSP) /* two at a time */
#pragma GCC unroll 4
  for (const int16_t *end = a + count; a < end; a += 2, b += 2) {
    int16x2_t x, y;
    memcpy(&x, __builtin_assume_aligned(a, 4), sizeof x);
    memcpy(&y, __builtin_assume_aligned(b, 4), sizeof y);
    sum = __smlald(x, y, sum);
  }
#else
  for (unsigned n = 0; n < count; ++n) sum += a[n] * b[n];
#endif
  return sum;
}

/* ln(x) in 1/65536, of x above 0. */
static int32_t logarithm(const uint16_t *logarithms, uint32_t x) {
  const unsigned zeros = leading_zeros(x);
  const uint32_t mantissa = x << zeros; /* from 2^31 on */
  const uint32_t index = (mantissa >> 25) & 63, rest = (mantissa >> 9) & 0xffff;
  const uint32_t low = logarithms[index], high = logarithms[index + 1];
  return (int32_t)(31 - zeros) * 45426 + (int32_t)(low + (((high - low) * rest) >> 16));
}

/* A number below 2^bits, read from its other end. */
static inline unsigned reversed(unsigned number, unsigned bits) {
#if defined(__thumb2__)
  __asm__("rbit %0, %1" : "=r"(number) : "r"(number));
  return number >> (32 - bits);
#else
  unsigned result = 0;
  for (; bits > 0; --bits, number >>= 1) result = result << 1 | (number & 1);
  return result;
#endif
}

/* Bits by which a quiet frame can be made louder. */
static unsigned gain_of(const int16_t *samples, unsigned count) {
  uint32_t loudest = 1u << (14 - MOST_GAIN);
#pragma GCC unroll 4
  for (unsigned n = 0; n < count; ++n) loudest |= (uint32_t)(samples[n] ^ (samples[n] >> 15));
  return leading_zeros(loudest) - 17; /* to 15 bits */
}

/* Two samples as a point, windowed. */
static inline point_t windowed(const int16_t *samples, const int16_t *window, int shift) {
  return (point_t){samples[0] * window[0] >> shift, samples[1] * window[1] >> shift};
}

/* `count` points, two samples each from the ring's `first` on, in bit-reversed order. */
static void put_points(point_t *points, unsigned count, const int16_t *ring, unsigned first, const int16_t *window,
                       int shift) {
  const unsigned bits = 31 - leading_zeros(count);
  for (unsigned n = 0; n < count; ++n, window += 2) {
    const point_t point = windowed(ring + first, window, shift);
    set_point(points + reversed(n, bits), point.re, point.im);
    if ((first += 2) == 2 * count) first = 0;
  }
}

/* The same as transforms of two points, those that lie half a frame apart: they become neighbours. */
static void put_pairs(point_t *points, unsigned count, const int16_t *ring, unsigned first, const int16_t *window,
                      int shift) {
  const unsigned bits = 31 - leading_zeros(count);
  unsigned other = first < count ? first + count : first - count;
  for (unsigned n = 0; n < count / 2; ++n, window += 2) {
    const point_t a = windowed(ring + first, window, shift), b = windowed(ring + other, window + count, shift);
    point_t *place = points + reversed(n, bits);
    set_point(place, a.re + b.re, a.im + b.im);
    set_point(place + 1, a.re - b.re, a.im - b.im);
    if ((first += 2) == 2 * count) first = 0;
    if ((other += 2) == 2 * count) other = 0;
  }
}

/* Magnitudes of the real signal's transform from that of its pairs; magnitude k replaces point k, the last one the
 * other half of point 0. */
static void magnitudes(const sernet_front_end_t *plan, point_t *z) {
  const unsigned length = plan->frame_length, half = length / 2;
  const int32_t sum = z[0].re + z[0].im, difference = z[0].re - z[0].im;
  z[0].re = (int32_t)magnitude(plan->square_roots, sum, 0);
  z[0].im = (int32_t)magnitude(plan->square_roots, difference, 0);
  for (unsigned k = 1, m = half - 1; k <= m; ++k, --m) {
    const point_t even = {(z[k].re >> 1) + (z[m].re >> 1), (z[k].im >> 1) - (z[m].im >> 1)};
    const point_t odd = {(z[k].im >> 1) + (z[m].im >> 1), (z[m].re >> 1) - (z[k].re >> 1)};
    const point_t t = turned(odd, plan->turn[k]);
    z[k].re = (int32_t)magnitude(plan->square_roots, even.re + 2 * t.re, even.im + 2 * t.im);
    z[m].re = (int32_t)magnitude(plan->square_roots, even.re - 2 * t.re, even.im - 2 * t.im);
  }
}

const int32_t *sernet_features(const sernet_front_end_t *plan, const int16_t *ring, unsigned first, int32_t *scratch) {
  point_t *points = (point_t *)scratch;
  const unsigned count = plan->frame_length / 2, bands = plan->mel_bins, half = bands / 2;
  unsigned part = 1;
  while (part * 4 <= count) part *= 4;
  part = count / part; /* the rest is done in steps of four */
  const unsigned gain = gain_of(ring, plan->frame_length);
  (part == 2 ? put_pairs : put_points)(points, count, ring, first, plan->window, 15 - FRACTION - (int)gain);
  transform(points, part, count, plan->turn, plan->frame_length);
  magnitudes(plan, points);

  int32_t *logs = scratch + plan->logs_at; /* where possible in the place of bins that have been used */
  const int16_t *weight = plan->band_weights;
  /* a weight's product halves: a band is in 2^-(FRACTION - 1 + gain) of a sample's step, which is 2^-15 */
  const unsigned fraction = FRACTION - 1 + gain + 15;
  const uint32_t offset = shifted((uint32_t)plan->log_offset, (int)fraction - 31);
  for (unsigned band = 0; band < bands; ++band) {
    int32_t sum = offset > 0 ? (int32_t)offset : 1;
    for (unsigned bin = plan->bands[band].first, end = bin + plan->bands[band].count; bin < end; ++bin)
      sum = plus_product(sum, points[bin].re, *weight++);
    logs[band] = logarithm(plan->logarithms, (uint32_t)sum) - (int32_t)fraction * 45426;
  }
  if (plan->coefficients == 0) return logs;

  /* The cosine transform of bands folded in the middle: even coefficients mirror there, odd ones mirror and negate. */
  int16_t *sums = (int16_t *)(logs + bands), *differences = sums + half;
  for (unsigned n = 0; n < half; ++n) {
    const int32_t left = logs[n] >> LOG_SHIFT, right = logs[bands - 1 - n] >> LOG_SHIFT;
    sums[n] = (int16_t)(left + right), differences[n] = (int16_t)(left - right);
  }
  int32_t *features = logs + bands + half;
  const int16_t *cosines = plan->cosines;
  for (unsigned k = 0; k < plan->coefficients; ++k, cosines += half) {
    const int32_t sum = (int32_t)(dot(k & 1 ? differences : sums, cosines, half) >> DOT_SHIFT);
    features[k] = sernet_limited(sernet_scaled(sum, plan->dct), -plan->clip, plan->clip);
  }
  return features;
}
