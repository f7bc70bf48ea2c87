/* libFuzzer's target: any sequence of the engine's calls with any rows and samples.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -I engine -I MODEL engine/*.c MODEL/model.c fuzz/push.c */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Each on its own in memory, so that the sanitizer sees every step beyond. */
typedef struct {
  uint32_t *state, *audio, *scratch, *saved;
} memory_t;

static memory_t memory(void) {
  const memory_t all = {malloc(4 * SERNET_STATE_WORDS), malloc(4 * SERNET_AUDIO_WORDS),
                        malloc(4 * SERNET_SCRATCH_WORDS), malloc(4 * SERNET_STATE_WORDS)};
  return all;
}

static void forget(memory_t all) { free(all.state), free(all.audio), free(all.scratch), free(all.saved); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const memory_t all = memory();
  const sernet_t net = {&sernet_model, all.state, all.scratch, NULL, 0};
  const sernet_audio_t audio = {&sernet_front_end, &net, all.audio};
  int8_t row[SERNET_FEATURES], logits[SERNET_CLASSES], probabilities[SERNET_CLASSES];
  int16_t samples[600];
  sernet_audio_reset(&audio);
  memcpy(all.saved, all.state, 4 * SERNET_STATE_WORDS);
  while (size >= 2) {
    const uint8_t call = data[0] % 8, argument = data[1];
    data += 2, size -= 2;
    const size_t taken = size < sizeof row ? size : sizeof row;
    switch (call) {
      case 0: /* rows */
        memset(row, argument, sizeof row);
        memcpy(row, data, taken);
        for (unsigned n = 0; n <= argument % 40; ++n) sernet_push_features(&net, row);
        data += taken, size -= taken;
        break;
      case 1: /* samples */
      case 2:
      case 3:
        for (unsigned n = 0; n < 600; ++n)
          samples[n] = (int16_t)(taken ? (data[n % taken] * 257) >> (argument & 15) : argument * 257);
        for (unsigned n = 0; n <= argument % 20u; ++n) sernet_push_samples(&audio, samples, 1 + argument * 599u / 255);
        data += taken, size -= taken;
        break;
      case 4:
        if (sernet_logits(&net, logits) == SERNET_OK) sernet_softmax(&sernet_model, logits, probabilities);
        break;
      case 5:
        if (sernet_audio_finish(&audio, probabilities) == SERNET_OK) sernet_decide(&sernet_model, probabilities, NULL);
        sernet_audio_reset(&audio);
        break;
      case 6: memcpy(all.saved, all.state, 4 * SERNET_STATE_WORDS); break;
      default: memcpy(all.state, all.saved, 4 * SERNET_STATE_WORDS);
    }
  }
  if (sernet_finish(&net, probabilities) == SERNET_OK) {
    uint16_t calibrated[SERNET_CLASSES];
    const int label = sernet_decide(&sernet_model, probabilities, calibrated);
    if (label < SERNET_UNCERTAIN || label >= SERNET_CLASSES) abort();
  }
  forget(all);
  return 0;
}
