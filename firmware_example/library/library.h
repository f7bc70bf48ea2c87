/* The engine and one model as a library for other languages: memory is the caller's, and sizes can be asked for. */
#ifndef SERNET_LIBRARY_H
#define SERNET_LIBRARY_H

#include "sernet.h"

typedef enum {
  SERNET_FEATURES_COUNT,
  SERNET_CLASSES_COUNT,
  SERNET_NET_WORDS, /* of 32 bits, that hold a stream of rows and its scratch */
  SERNET_STREAM_WORDS, /* the same of a stream of samples; 0 where the model has no front end */
  SERNET_SAMPLE_RATE
} sernet_number_t;

uint32_t sernet_number(sernet_number_t which);
const char *sernet_label(uint32_t label); /* NULL beyond the last one */
uint32_t sernet_checksum(void);

/* Rows of features. `memory` has sernet_number(SERNET_NET_WORDS) words. */
void sernet_net_reset(uint32_t *memory);
int sernet_net_push(uint32_t *memory, const int8_t *rows, uint32_t count);
int sernet_net_finish(uint32_t *memory, int8_t *probabilities);
int sernet_net_logits(uint32_t *memory, int8_t *logits);

/* Samples. `memory` has sernet_number(SERNET_STREAM_WORDS) words, and serves as that of the rows, too. */
void sernet_stream_reset(uint32_t *memory);
int sernet_stream_push(uint32_t *memory, const int16_t *samples, uint32_t count);
int sernet_stream_finish(uint32_t *memory, int8_t *probabilities);

/* `calibrated` is [classes], in 1/65536; see sernet_decide. */
int sernet_label_of(const int8_t *probabilities, uint16_t *calibrated);

#endif
