/* From the network's probabilities to a label, as `sernet.runtime` decides. */
#include "sernet.h"

int sernet_decide(const sernet_model_t *model, const int8_t *probabilities, uint16_t *calibrated) {
  const sernet_calibration_t *calibration = &model->calibration;
  uint64_t sum = 0, largest = 0;
  int best = 0;
  for (unsigned label = 0; label < model->classes; ++label) {
    const uint64_t likelihood =
        (uint64_t)calibration->likelihoods[probabilities[label] + 128] * calibration->weights[label];
    sum += likelihood;
    if (likelihood > largest) {
      largest = likelihood;
      best = (int)label;
    }
  }
  if (sum == 0) sum = 1;
  for (unsigned label = 0; calibrated && label < model->classes; ++label) {
    const uint64_t likelihood =
        (uint64_t)calibration->likelihoods[probabilities[label] + 128] * calibration->weights[label];
    const uint64_t share = (likelihood >> 8) * 65536 / ((sum >> 8) + 1);
    calibrated[label] = (uint16_t)(share > 65535 ? 65535 : share);
  }
  return largest >> 16 >= (sum >> 16) * calibration->uncertain_below >> 16 ? best : SERNET_UNCERTAIN;
}
