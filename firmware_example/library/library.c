/* See library.h. Memory holds the network's state, its scratch, its window, and the samples' state, in that order. */
#include "library.h"

#include "model.h"

#ifndef SERNET_AUDIO_WORDS /* a model without a front end */
#define SERNET_AUDIO_WORDS 0
#else
#define HAS_FRONT_END
#endif

#ifndef SERNET_LIBRARY_WINDOW /* rows of the last feature map that an answer rests on; 0: all of the clip's */
#define SERNET_LIBRARY_WINDOW 0
#endif

enum {
  WINDOW_AT = SERNET_STATE_WORDS + SERNET_SCRATCH_WORDS,
  AUDIO_AT = WINDOW_AT + (SERNET_WINDOW_HALVES(SERNET_LIBRARY_WINDOW) + 1) / 2
};

uint32_t sernet_number(sernet_number_t which) {
  switch (which) {
    case SERNET_FEATURES_COUNT: return SERNET_FEATURES;
    case SERNET_CLASSES_COUNT: return SERNET_CLASSES;
    case SERNET_NET_WORDS: return AUDIO_AT;
#ifdef HAS_FRONT_END
    case SERNET_STREAM_WORDS: return AUDIO_AT + SERNET_AUDIO_WORDS;
    case SERNET_SAMPLE_RATE: return sernet_front_end.sample_rate;
#endif
    default: return 0;
  }
}

const char *sernet_label(uint32_t label) { return label < SERNET_CLASSES ? sernet_model.labels[label] : 0; }

uint32_t sernet_checksum(void) { return sernet_model.checksum; }

static sernet_t net_in(uint32_t *memory) {
  const sernet_t net = {&sernet_model, memory, memory + SERNET_STATE_WORDS,
                        SERNET_LIBRARY_WINDOW ? (int16_t *)(memory + WINDOW_AT) : 0, SERNET_LIBRARY_WINDOW};
  return net;
}

void sernet_net_reset(uint32_t *memory) {
  const sernet_t net = net_in(memory);
  sernet_reset(&net);
}

int sernet_net_push(uint32_t *memory, const int8_t *rows, uint32_t count) {
  const sernet_t net = net_in(memory);
  int given = 0;
  for (; count > 0; --count, rows += SERNET_FEATURES) given += sernet_push_features(&net, rows);
  return given;
}

int sernet_net_finish(uint32_t *memory, int8_t *probabilities) {
  const sernet_t net = net_in(memory);
  return (int)sernet_finish(&net, probabilities);
}

int sernet_net_logits(uint32_t *memory, int8_t *logits) {
  const sernet_t net = net_in(memory);
  return (int)sernet_logits(&net, logits);
}

#ifdef HAS_FRONT_END
static sernet_audio_t audio_in(uint32_t *memory, const sernet_t *net) {
  const sernet_audio_t audio = {&sernet_front_end, net, memory + AUDIO_AT};
  return audio;
}

void sernet_stream_reset(uint32_t *memory) {
  const sernet_t net = net_in(memory);
  const sernet_audio_t audio = audio_in(memory, &net);
  sernet_audio_reset(&audio);
}

int sernet_stream_push(uint32_t *memory, const int16_t *samples, uint32_t count) {
  const sernet_t net = net_in(memory);
  const sernet_audio_t audio = audio_in(memory, &net);
  return sernet_push_samples(&audio, samples, count);
}

int sernet_stream_finish(uint32_t *memory, int8_t *probabilities) {
  const sernet_t net = net_in(memory);
  const sernet_audio_t audio = audio_in(memory, &net);
  return (int)sernet_audio_finish(&audio, probabilities);
}
#endif

int sernet_label_of(const int8_t *probabilities, uint16_t *calibrated) {
  return sernet_decide(&sernet_model, probabilities, calibrated);
}
