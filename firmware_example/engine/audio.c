/* Samples to rows: frames as they fill, blocks of them measured from the speech heard so far, and into the network.
 *
 * State: counters, what is heard of the speaker, the levels of the context, the frames of the block, the samples. */
#include <string.h>

#include "fixed_point.h"
#include "front_end.h"

typedef struct {
  uint32_t arrived;      /* samples in the ring, at most a frame */
  uint32_t next;         /* where in the ring the next sample goes */
  uint32_t frames;       /* in the block */
  uint32_t levels;       /* in the context */
  uint32_t heard_frames; /* of speech */
} counters_t;

static counters_t *counters_of(const sernet_audio_t *audio) { return (counters_t *)audio->state; }

/* Sums over the speech heard, of features in 1/512 of a deviation from the corpus's mean: [features]. */
static int32_t *heard_of(const sernet_audio_t *audio) { return (int32_t *)(counters_of(audio) + 1); }

/* [context], oldest first. */
static int16_t *levels_of(const sernet_audio_t *audio) {
  return (int16_t *)(heard_of(audio) + audio->front_end->features);
}

/* [block][features], in the same unit. */
static int16_t *block_of(const sernet_audio_t *audio) {
  const sernet_speech_t *speech = audio->front_end->speech;
  return levels_of(audio) + (speech ? speech->context : 0);
}

static int16_t *samples_of(const sernet_audio_t *audio) {
  const sernet_front_end_t *plan = audio->front_end;
  return block_of(audio) + (plan->speech ? plan->block * plan->features : 0);
}

/* Mean log magnitude of features in 1/512 of a deviation, in 1/1024 neper. */
static int32_t level_of(const sernet_front_end_t *plan, const int16_t *features) {
  int32_t level = plan->speech->level;
  for (unsigned k = 0; k < plan->features; ++k)
    if (plan->speech->level_of[k].multiplier) level += sernet_scaled(features[k], plan->speech->level_of[k]);
  return level;
}

static void sort(int16_t *values, unsigned count) {
  for (unsigned gap = count / 2; gap > 0; gap /= 2)
    for (unsigned i = gap; i < count; ++i) {
      const int16_t value = values[i];
      unsigned j = i;
      for (; j >= gap && values[j - gap] > value; j -= gap) values[j] = values[j - gap];
      values[j] = value;
    }
}

/* Between the two nearest of sorted values, as numpy's percentile. */
static int32_t percentile(const int16_t *sorted, unsigned count, unsigned percent) {
  const unsigned place = (count - 1) * percent, low = place / 100, rest = place % 100;
  return low + 1 < count ? sorted[low] + (sorted[low + 1] - sorted[low]) * (int32_t)rest / 100 : sorted[low];
}

/* Add the block's speech to what was heard: the rules of `sernet.runtime.listener`. */
static void hear(const sernet_audio_t *audio) {
  const sernet_front_end_t *plan = audio->front_end;
  const sernet_speech_t *speech = plan->speech;
  counters_t *counters = counters_of(audio);
  const unsigned frames = counters->frames;
  int16_t *levels = levels_of(audio), *sorted = audio->net->scratch, *block = block_of(audio);
  int32_t *heard = heard_of(audio);

  const unsigned together = counters->levels + frames;
  const unsigned surplus = together > speech->context ? together - speech->context : 0;
  memmove(levels, levels + surplus, (counters->levels - surplus) * sizeof *levels);
  counters->levels += frames - surplus;
  int16_t *now = levels + counters->levels - frames;
  for (unsigned frame = 0; frame < frames; ++frame)
    now[frame] = (int16_t)sernet_limited(level_of(plan, block + frame * plan->features), -32768, 32767);

  memcpy(sorted, now, frames * sizeof *now);
  sort(sorted, frames);
  const int32_t loud_now = percentile(sorted, frames, 95);
  memcpy(sorted, levels, counters->levels * sizeof *levels);
  sort(sorted, counters->levels);
  const int32_t quietest = percentile(sorted, counters->levels, 5);
  int32_t least = percentile(sorted, counters->levels, 95) - speech->range, moves = speech->moves;
  if (counters->heard_frames >= speech->known) {
    int32_t usual = speech->level;
    for (unsigned k = 0; k < plan->features; ++k)
      usual += sernet_scaled(heard[k] / (int32_t)counters->heard_frames, speech->level_of[k]);
    if ((usual - quietest) / 3 > moves) moves = (usual - quietest) / 3;
    if (usual - speech->range > least) least = usual - speech->range;
  }
  if (loud_now - quietest < moves) return;
  for (unsigned frame = 0; frame < frames; ++frame) {
    if (now[frame] <= least) continue;
    ++counters->heard_frames;
    for (unsigned k = 0; k < plan->features; ++k) heard[k] += block[frame * plan->features + k];
  }
  if (counters->heard_frames > speech->memory) { /* older speech fades */
    for (unsigned k = 0; k < plan->features; ++k)
      heard[k] = (int32_t)((int64_t)heard[k] * speech->memory / (int32_t)counters->heard_frames);
    counters->heard_frames = speech->memory;
  }
}

/* What is taken from a block's features: the speaker's mean as far as it is known, but all of the level. */
static void measure(const sernet_audio_t *audio, int32_t *offsets) {
  const sernet_front_end_t *plan = audio->front_end;
  const sernet_speech_t *speech = plan->speech;
  const int32_t frames = (int32_t)counters_of(audio)->heard_frames;
  const int32_t *heard = heard_of(audio);
  int32_t level = 0; /* of the mean's difference from the corpus's, in 1/1024 neper */
  for (unsigned k = 0; k < plan->features; ++k) {
    offsets[k] = frames ? heard[k] / frames : 0;
    level += sernet_scaled(offsets[k], speech->level_of[k]);
  }
  for (unsigned k = 0; k < plan->features; ++k) {
    const int32_t of_level = sernet_scaled(level, speech->feature_of[k]);
    if (frames) offsets[k] = (offsets[k] * frames + of_level * speech->prior) / (frames + speech->prior);
  }
}

static int8_t quantised(const sernet_front_end_t *plan, int32_t steps) {
  return (int8_t)sernet_limited(steps + plan->zero_point, -128, 127);
}

/* Give the block's frames to the network: as rows of int8, which take the features' place. */
static int give_block(const sernet_audio_t *audio) {
  const sernet_front_end_t *plan = audio->front_end;
  const unsigned frames = counters_of(audio)->frames;
  if (frames == 0) return 0;
  hear(audio);
  int32_t *offsets = audio->net->scratch;
  measure(audio, offsets);
  const int16_t *feature = block_of(audio);
  int8_t *rows = (int8_t *)block_of(audio), *to = rows;
  for (unsigned frame = 0; frame < frames; ++frame)
    for (unsigned k = 0; k < plan->features; ++k)
      *to++ = quantised(plan, sernet_scaled(*feature++ - offsets[k], plan->step));
  int given = 0;
  for (unsigned frame = 0; frame < frames; ++frame, rows += plan->features)
    given += sernet_push_features(audio->net, rows);
  counters_of(audio)->frames = 0;
  return given;
}

/* A frame has filled: its features into the block, or into the network where nothing is measured. */
static int give_frame(const sernet_audio_t *audio) {
  const sernet_front_end_t *plan = audio->front_end;
  const int32_t *features =
      sernet_features(plan, samples_of(audio), counters_of(audio)->next, audio->net->scratch);
  if (!plan->speech) {
    int8_t *row = audio->net->scratch; /* the network takes it before it computes; each is behind its feature */
    for (unsigned k = 0; k < plan->features; ++k) row[k] = quantised(plan, sernet_scaled(features[k], plan->scale[k]));
    return sernet_push_features(audio->net, row);
  }
  int16_t *place = block_of(audio) + counters_of(audio)->frames++ * plan->features;
  for (unsigned k = 0; k < plan->features; ++k)
    place[k] = (int16_t)sernet_limited(sernet_scaled(features[k] - plan->mean[k], plan->scale[k]), -32768, 32767);
  return counters_of(audio)->frames == plan->block ? give_block(audio) : 0;
}

void sernet_audio_reset(const sernet_audio_t *audio) {
  memset(audio->state, 0, (size_t)((uint8_t *)samples_of(audio) - (uint8_t *)audio->state));
  sernet_reset(audio->net);
}

int16_t *sernet_next_samples(const sernet_audio_t *audio, unsigned *count) {
  const unsigned length = audio->front_end->frame_length;
  const counters_t *counters = counters_of(audio);
  const unsigned missing = length - counters->arrived, room = length - counters->next;
  *count = missing < room ? missing : room; /* up to the next frame, or to the ring's end */
  return samples_of(audio) + counters->next;
}

int sernet_push_samples(const sernet_audio_t *audio, const int16_t *samples, unsigned count) {
  const sernet_front_end_t *plan = audio->front_end;
  counters_t *counters = counters_of(audio);
  int rows = 0;
  while (count > 0) {
    unsigned run;
    int16_t *place = sernet_next_samples(audio, &run);
    if (run > count) run = count;
    if (place != samples) memcpy(place, samples, run * sizeof *samples);
    samples += run, count -= run;
    counters->arrived += run, counters->next += run;
    if (counters->next == plan->frame_length) counters->next = 0;
    if (counters->arrived == plan->frame_length) {
      rows += give_frame(audio);
      counters->arrived -= plan->frame_step;
    }
  }
  return rows;
}

sernet_status_t sernet_audio_finish(const sernet_audio_t *audio, int8_t *probabilities) {
  if (audio->front_end->speech) give_block(audio);
  return sernet_finish(audio->net, probabilities);
}
