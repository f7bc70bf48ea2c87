/* Recordings from the host through front end and network, in packets of at most 10 ms: prints labels, instructions and
 * memory.
 *
 * The arguments name a file: for each recording the number of its samples (int32), then the samples (int16). */
#include "host_file.h"
#include "model.h"
#include "report.h"

enum { PACKET = 160 };

static uint32_t audio_state[SERNET_AUDIO_WORDS], state[SERNET_STATE_WORDS], scratch[SERNET_SCRATCH_WORDS];

int main(void) {
  const int file = open_host_file(scratch, sizeof scratch);
  if (file < 0) return 2;
  const sernet_t net = {&sernet_model, state, scratch, NULL, 0};
  const sernet_audio_t audio = {&sernet_front_end, &net, audio_state};
  for (int32_t samples; board_read(file, &samples, sizeof samples) == sizeof samples;) {
    uint32_t total = 0, worst = 0;
    int8_t probabilities[SERNET_CLASSES];
    sernet_audio_reset(&audio);
    for (unsigned left = (unsigned)samples, count; left > 0; left -= count) {
      int16_t *packet = sernet_next_samples(&audio, &count); /* in its place at once, as a DMA would write it */
      if (count > PACKET) count = PACKET;
      if (count > left) count = left;
      if (board_read(file, packet, count * sizeof *packet) != count * sizeof *packet) return 3;
      const uint32_t before = board_ticks();
      sernet_push_samples(&audio, packet, count);
      const uint32_t spent = board_ticks() - before;
      total += spent;
      if (spent > worst) worst = spent;
    }
    const uint32_t before = board_ticks();
    if (sernet_audio_finish(&audio, probabilities) != SERNET_OK) return 4;
    const uint32_t last = board_ticks() - before;
    const int label = sernet_decide(&sernet_model, probabilities, NULL);
    report("clip samples ", samples);
    report(" ticks ", (int32_t)(total + last));
    report(" worst ", (int32_t)worst);
    report(" finish ", (int32_t)last);
    report_row(" probabilities ", probabilities, SERNET_CLASSES);
    report(" label ", label);
    board_write("\n");
  }
  board_write(board_name);
  board_write(" kernel " SERNET_KERNEL);
  report(" instructions a tick ", (int32_t)board_instructions_per_tick);
  report(" state ", sizeof state);
  report(" audio ", sizeof audio_state);
  report(" scratch ", sizeof scratch);
  report(" stack ", (int32_t)board_stack_bytes());
  board_write(" done\n");
  return 0;
}
