/* What a device does: samples come in packets of at most 10 ms, and the label is printed as it changes.
 *
 * The samples (int16, 16 kHz) are read from a file on the host, which the arguments name, straight to where the engine
 * wants them. On a real board a microphone's DMA writes them there: see README.md above this folder. */
#include "host_file.h"
#include "model.h"
#include "report.h"

enum { PACKET = 160 };

static uint32_t audio_state[SERNET_AUDIO_WORDS], state[SERNET_STATE_WORDS], scratch[SERNET_SCRATCH_WORDS];

static const char *name_of(int label) { return label == SERNET_UNCERTAIN ? "uncertain" : sernet_model.labels[label]; }

int main(void) {
  const int file = open_host_file(scratch, sizeof scratch);
  if (file < 0) return 2;
  const sernet_t net = {&sernet_model, state, scratch, NULL, 0};
  const sernet_audio_t audio = {&sernet_front_end, &net, audio_state};
  int8_t logits[SERNET_CLASSES], probabilities[SERNET_CLASSES];
  int last = SERNET_UNCERTAIN - 1;
  uint32_t samples = 0;

  sernet_audio_reset(&audio);
  for (unsigned count;; samples += count) {
    int16_t *packet = sernet_next_samples(&audio, &count);
    count = (unsigned)board_read(file, packet, (count < PACKET ? count : PACKET) * sizeof *packet) / sizeof *packet;
    if (count == 0) break;
    if (sernet_push_samples(&audio, packet, count) == 0) continue; /* no new row of the last feature map */
    sernet_logits(&net, logits);
    sernet_softmax(&sernet_model, logits, probabilities);
    const int label = sernet_decide(&sernet_model, probabilities, NULL);
    if (label == last) continue;
    last = label;
    report("", (int32_t)(samples / 16));
    board_write(" ms  ");
    board_write(name_of(label));
    board_write("\n");
  }
  if (sernet_audio_finish(&audio, probabilities) != SERNET_OK) {
    board_write("listen: too short\n");
    return 1;
  }
  report("", (int32_t)(samples / 16));
  board_write(" ms  ");
  board_write(name_of(sernet_decide(&sernet_model, probabilities, NULL)));
  board_write(", the whole of it\n");
  return 0;
}
