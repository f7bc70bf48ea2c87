/* Speech emotion recognition on a microcontroller: rows of features in, probabilities out.
 *
 * The network is computed as its rows arrive, so that memory does not grow with the clip, and answers bit for bit as
 * TensorFlow Lite's reference kernels do. No heap, no floating point, no dependency; C99.
 *
 *     static uint32_t state[SERNET_STATE_WORDS], scratch[SERNET_SCRATCH_WORDS];   sizes: the generated model.h
 *     sernet_t net = {&sernet_model, state, scratch, NULL, 0};
 *     sernet_reset(&net);
 *     for each frame: sernet_push_features(&net, row);
 *     sernet_finish(&net, probabilities);
 */
#ifndef SERNET_H
#define SERNET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Weights are read four at a time. */
#define SERNET_ALIGNED __attribute__((aligned(4)))

/* A real factor: multiplier * 2^(shift - 31). Constants of this file are written by `sernet export --format c`. */
typedef struct {
  int32_t multiplier;
  int8_t shift;
} sernet_factor_t;

/* A convolution with 'same' padding and stride 1, an activation, and what makes int8 of its sums. */
typedef struct {
  const int8_t *weights;          /* [outputs][depth]: rows, columns, channels, then zeros up to a multiple of 4 */
  const int32_t *bias;            /* [outputs], with the input's zero point folded in */
  const sernet_factor_t *factors; /* [outputs] */
  uint16_t outputs;
  uint16_t depth;
  uint8_t rows, columns; /* of the kernel, odd */
  int8_t zero_point;     /* of the output */
  int8_t least, most;    /* of the output: the activation */
} sernet_convolution_t;

/* Convolutions of the same rows, side by side in the channels of the output, each averaged over a pool. */
typedef struct {
  const sernet_convolution_t *branches;
  uint32_t ring; /* byte behind the state's sums where the input rows in use lie; of a single one, in the scratch */
  uint16_t columns, channels;
  uint16_t output_columns, outputs;
  uint8_t branch_count;
  uint8_t pool_rows, pool_columns; /* at most four values together */
  uint8_t keeps_odd;               /* whether what is left of a pool at the edge gives an output */
  uint8_t ahead;                   /* rows needed beyond those that are pooled */
  uint8_t kept_rows;
  int8_t zero_point; /* of the input: what stands beyond the edges */
} sernet_stage_t;

/* Mean over the last feature map, one fully connected layer, softmax. */
typedef struct {
  const int8_t *weights; /* [classes][channels] */
  const int32_t *bias;   /* [classes], with the means' zero point folded in */
  const sernet_factor_t *factors;
  sernet_factor_t mean; /* of a sum; the engine divides it by the number of values */
  sernet_factor_t softmax;
  int32_t softmax_least; /* difference from the largest logit below which a probability is 0 */
  int8_t map_zero_point, mean_zero_point, zero_point;
} sernet_head_t;

/* Probabilities that mean what they say: p^(1 / temperature) * e^bias, summing to 1. */
typedef struct {
  const uint32_t *likelihoods; /* [256]: of the probabilities 0/256 to 255/256 */
  const uint32_t *weights;     /* [classes]: of each class's, in 1/65536 */
  uint16_t uncertain_below;    /* in 1/65536 */
} sernet_calibration_t;

typedef struct {
  const char *name;
  const char *const *labels; /* [classes] */
  sernet_calibration_t calibration;
  const sernet_stage_t *stages;
  sernet_head_t head;
  uint16_t stage_count;
  uint16_t classes;
  uint32_t state_bytes;
  uint32_t most_inputs; /* of all positions that are computed side by side */
  uint32_t checksum; /* CRC-32 of the .tflite file */
} sernet_model_t;

/* One stream. `state` and `scratch` are aligned to 4 bytes, as large as model.h says. What `state` and `window` hold
 * can be copied, to go on from there later; several streams may share one `scratch`, as long as they take turns.
 *
 * An answer is a mean over the rows of the last feature map: over the whole clip, or, for a stream without an end, over
 * its last `window_rows`, which `window` then keeps: SERNET_WINDOW_HALVES(window_rows) numbers of 16 bits. */
typedef struct {
  const sernet_model_t *model;
  uint32_t *state;
  void *scratch;
  int16_t *window; /* NULL: the whole clip */
  uint16_t window_rows;
} sernet_t;

typedef enum {
  SERNET_OK = 0,
  SERNET_TOO_SHORT = 1 /* no row of the last feature map has been computed */
} sernet_status_t;

/* Begin a clip. */
void sernet_reset(const sernet_t *net);

/* Take the next row of features, int8 [columns * channels of the first stage], quantised as the model's input.
 *
 * Work is done as early as possible: at most one row of each feature map is computed, and all of them only when the
 * number of rows is a multiple of all pools together (32 in Light-SERNet). Returns 1 when a row of the last feature map
 * has been computed, else 0. */
int sernet_push_features(const sernet_t *net, const int8_t *row);

/* End the clip: what waited for further rows is computed with zeros in their place.
 *
 * Writes the probabilities, int8 [classes] in steps of 1/256 from -128 on. After it only sernet_reset is allowed. */
sernet_status_t sernet_finish(const sernet_t *net, int8_t *probabilities);

/* Logits, int8 [classes], of the clip or the window so far: for every row that sernet_push_features has completed. The
 * state stays as it is. */
sernet_status_t sernet_logits(const sernet_t *net, int8_t *logits);

/* Probabilities of logits, as TensorFlow Lite's reference kernel computes them; both may be the same array. */
void sernet_softmax(const sernet_model_t *model, const int8_t *logits, int8_t *probabilities);

#define SERNET_UNCERTAIN (-1)

/* The most probable class of the network's probabilities, once calibrated; SERNET_UNCERTAIN where no class reaches the
 * model's threshold. Writes the calibrated probabilities, in 1/65536, unless `calibrated` is NULL. */
int sernet_decide(const sernet_model_t *model, const int8_t *probabilities, uint16_t *calibrated);

#ifdef __cplusplus
}
#endif

#endif
