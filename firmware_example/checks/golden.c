/* The clips that come with the model: does this board answer them as TensorFlow Lite's reference kernels do? */
#include "golden.h"

#include <string.h>

#include "model.h"
#include "report.h"

static uint32_t state[SERNET_STATE_WORDS], scratch[SERNET_SCRATCH_WORDS];

int main(void) {
  const sernet_t net = {&sernet_model, state, scratch, NULL, 0};
  int failures = 0;
  for (const sernet_golden_t *clip = sernet_golden; clip->count > 0; ++clip) {
    int8_t logits[SERNET_CLASSES], probabilities[SERNET_CLASSES];
    sernet_reset(&net);
    for (uint32_t row = 0; row < clip->count; ++row) sernet_push_features(&net, clip->rows + row * SERNET_FEATURES);
    int same = sernet_finish(&net, probabilities) == SERNET_OK && sernet_logits(&net, logits) == SERNET_OK;
    same = same && memcmp(logits, clip->logits, sizeof logits) == 0;
    same = same && memcmp(probabilities, clip->probabilities, sizeof probabilities) == 0;
    failures += !same;
    report("clip rows ", (int32_t)clip->count);
    board_write(same ? " same\n" : " differs\n");
  }
  board_write(board_name);
  board_write(failures ? " golden failed\n" : " golden passed\n");
  return failures > 0;
}
