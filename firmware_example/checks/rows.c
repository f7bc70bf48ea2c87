/* Clips of features from the host through the network: prints answers, instructions and memory.
 *
 * The arguments name a file: for each clip the number of its rows (int32), then the rows (int8). */
#include "host_file.h"
#include "model.h"
#include "report.h"

static uint32_t state[SERNET_STATE_WORDS], scratch[SERNET_SCRATCH_WORDS];

int main(void) {
  const int file = open_host_file(scratch, sizeof scratch);
  if (file < 0) return 2;
  const sernet_t net = {&sernet_model, state, scratch, NULL, 0};
  for (int32_t rows; board_read(file, &rows, sizeof rows) == sizeof rows;) {
    uint32_t total = 0, worst = 0;
    int8_t row[SERNET_FEATURES], logits[SERNET_CLASSES], probabilities[SERNET_CLASSES];
    sernet_reset(&net);
    for (int32_t index = 0; index < rows; ++index) {
      if (board_read(file, row, sizeof row) != sizeof row) return 3;
      const uint32_t before = board_ticks();
      sernet_push_features(&net, row);
      const uint32_t spent = board_ticks() - before;
      total += spent;
      if (spent > worst) worst = spent;
    }
    const uint32_t before = board_ticks();
    if (sernet_finish(&net, probabilities) != SERNET_OK) return 4;
    const uint32_t last = board_ticks() - before;
    sernet_logits(&net, logits);
    report("clip rows ", rows);
    report(" ticks ", (int32_t)(total + last));
    report(" worst ", (int32_t)worst);
    report(" finish ", (int32_t)last);
    report_row(" logits ", logits, SERNET_CLASSES);
    report_row(" probabilities ", probabilities, SERNET_CLASSES);
    board_write("\n");
  }
  board_write(board_name);
  board_write(" kernel " SERNET_KERNEL);
  report(" instructions a tick ", (int32_t)board_instructions_per_tick);
  report(" state ", sizeof state);
  report(" scratch ", sizeof scratch);
  report(" stack ", (int32_t)board_stack_bytes());
  board_write(" done\n");
  return 0;
}
