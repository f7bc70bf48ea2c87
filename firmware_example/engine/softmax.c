/* The softmax of int8 logits in integers, bit for bit that of TensorFlow Lite's reference kernel.
 *
 * Its fixed-point functions are those of gemmlowp (Jacob et al., CVPR 2018, appendix): Qm.n stands for a signed number
 * of m integer and n fractional bits. */
#include "fixed_point.h"


static int32_t saturated_left_shift(int32_t x, int exponent) {
  const int64_t shifted = (int64_t)x * ((int64_t)1 << exponent);
  return shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* exp(x) in Q0.31 of x in [-1/4, 0) in Q0.31: the Taylor series around -1/8, to the fourth power. */
static int32_t exp_of_a_quarter(int32_t x) {
  const int32_t constant = 1895147668, a_third = 715827883; /* exp(-1/8), 1/3 */
  const int32_t t = x + (1 << 28);
  const int32_t t2 = sernet_product(t, t), t3 = sernet_product(t2, t), t4 = sernet_product(t2, t2);
  const int32_t sum = sernet_rounded_shift(sernet_product(sernet_rounded_shift(t4, 2) + t3, a_third) + t2, 1);
  return constant + sernet_product(constant, t + sum);
}

/* exp(x) in Q0.31 of x below or at 0 in Q5.26: of a quarter, times e to the power of each bit that is left. */
static int32_t exp_of_negative(int32_t x) {
  static const int32_t powers[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t quarter = 1 << 24, rest = (x & (quarter - 1)) - quarter;
  const uint32_t bits = (uint32_t)(rest - x);
  if (x == 0) return INT32_MAX;
  int32_t result = exp_of_a_quarter((int32_t)((uint32_t)rest << 5));
  for (int bit = 0; bit < 7; ++bit)
    if (bits & (UINT32_C(1) << (24 + bit))) result = sernet_product(result, powers[bit]);
  return result;
}

/* (a + b) / 2, halves rounded away from zero. */
static int32_t rounded_half_sum(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* 1 / (1 + x) in Q0.31 of x in [0, 1] in Q0.31: three steps of Newton and Raphson. */
static int32_t one_over_one_plus(int32_t x) {
  const int32_t half = rounded_half_sum(x, INT32_MAX);
  const int32_t constant_48_over_17 = 1515870810, constant_neg_32_over_17 = -1010580540; /* Q2.29 */
  int32_t estimate = constant_48_over_17 + sernet_product(half, constant_neg_32_over_17);
  for (int step = 0; step < 3; ++step) {
    const int32_t error = (1 << 29) - sernet_product(half, estimate);
    estimate += saturated_left_shift(sernet_product(estimate, error), 2);
  }
  return saturated_left_shift(estimate, 1);
}

static int leading_zeros(uint32_t x) {
  int zeros = 0;
  for (; zeros < 32 && !(x & (UINT32_C(1) << (31 - zeros))); ++zeros) {
  }
  return zeros;
}

void sernet_softmax(const sernet_model_t *model, const int8_t *logits, int8_t *probabilities) {
  const sernet_head_t *head = &model->head;
  int8_t largest = logits[0];
  for (unsigned label = 1; label < model->classes; ++label)
    if (logits[label] > largest) largest = logits[label];

  int32_t sum = 0; /* Q12.19 */
  for (unsigned label = 0; label < model->classes; ++label) {
    const int32_t difference = logits[label] - largest;
    if (difference >= head->softmax_least)
      sum += sernet_rounded_shift(exp_of_negative(sernet_scaled(difference, head->softmax)), 12);
  }
  /* 1 / sum as a mantissa in [1/2, 1] and a power of two */
  const int headroom = leading_zeros((uint32_t)sum);
  const int power = 12 - headroom;
  const int32_t mantissa = one_over_one_plus((int32_t)(((uint32_t)sum << headroom) - (UINT32_C(1) << 31)));

  for (unsigned label = 0; label < model->classes; ++label) {
    const int32_t difference = logits[label] - largest;
    int32_t probability = -128;
    if (difference >= head->softmax_least) {
      const int32_t power_of_e = exp_of_negative(sernet_scaled(difference, head->softmax));
      probability += sernet_rounded_shift(sernet_product(mantissa, power_of_e), power + 31 - 8);
    }
    probabilities[label] = (int8_t)sernet_limited(probability, -128, 127);
  }
}
