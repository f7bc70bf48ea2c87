/* Clips with the answers of TensorFlow Lite's reference kernels; the generated golden.c holds them. */
#ifndef SERNET_GOLDEN_H
#define SERNET_GOLDEN_H

#include "sernet.h"

typedef struct {
  uint32_t count;             /* of rows; 0 behind the last clip */
  const int8_t *rows;         /* [count][features] */
  const int8_t *logits;       /* [classes] */
  const int8_t *probabilities; /* [classes] */
} sernet_golden_t;

extern const sernet_golden_t sernet_golden[];

#endif
