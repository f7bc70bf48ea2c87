/* From samples to the network's rows: the FrontEnd of `sernet.runtime`, in integers alone, so that every processor
 * computes the same rows. Where the front end normalises, the rows of a block are measured from the speech that has
 * been heard up to the block's end, as `sernet.runtime.Recognizer` does with a streaming model. */
#ifndef SERNET_FRONT_END_H
#define SERNET_FRONT_END_H

#include "sernet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A mel band: its first bin, and how many. Their weights follow those of the band before. */
typedef struct {
  uint16_t first, count;
} sernet_band_t;

/* What a listener knows of speech and pauses; levels are mean log magnitudes in 1/1024 neper. */
typedef struct {
  const sernet_factor_t *level_of;  /* [features]: of each feature (1/512), in its frame's level */
  const sernet_factor_t *feature_of; /* [features]: of a level, in each feature */
  int32_t level;          /* of the corpus's mean */
  int32_t range;          /* a frame further than this below the loudest is a pause */
  int32_t moves;          /* a block whose level moves less is a pause or steady noise */
  uint16_t context;       /* frames against which a block is judged */
  uint16_t known;         /* frames of speech after which the usual level is known */
  uint16_t memory;        /* frames of speech that what was heard is worth at most */
  uint16_t prior;         /* frames of speech that the corpus's mean is worth */
} sernet_speech_t;

typedef struct {
  const int16_t *window;         /* [frame_length], in 1/32768 */
  const uint32_t *turn;          /* [frame_length]: cosine and, in the upper half, sine, in 1/32768 */
  const uint16_t *square_roots;  /* [449]: of 64 * 2^22 to 512 * 2^22 */
  const uint16_t *logarithms;    /* [65]: of 1 to 2, in 1/65536 */
  const sernet_band_t *bands;    /* [mel_bins] */
  const int16_t *band_weights;   /* in 1/32768 */
  const int16_t *cosines;        /* [coefficients][mel_bins / 2]: of the cosine transform, in 1/32768, aligned to 4 */
  const int32_t *mean;           /* [features], in 1/65536 */
  const sernet_factor_t *scale;  /* [features]: to 1/512 of a deviation; where none is given to the network's steps */
  const sernet_speech_t *speech; /* NULL: features are taken as they are */
  sernet_factor_t dct;           /* of the sums of the cosine transform */
  sernet_factor_t step;          /* from 1/512 of a deviation to the network's steps */
  int32_t log_offset;            /* added to a band, in 2^-31 */
  int32_t clip;                  /* largest cepstral coefficient, in 1/65536 */
  uint16_t sample_rate, frame_length, frame_step;
  uint16_t mel_bins, coefficients; /* coefficients: 0 where the mel bands are the features */
  uint16_t features;
  uint16_t logs_at; /* word of the scratch behind which logarithms and features lie */
  uint16_t block;   /* frames that are normalised together */
  int8_t zero_point;
} sernet_front_end_t;

extern const sernet_front_end_t sernet_front_end; /* in the generated model.c */

/* A stream of samples; `state` is aligned to 4 bytes, as large as model.h says, and can be copied with the network's.
 * The network's scratch is used for a frame, too. */
typedef struct {
  const sernet_front_end_t *front_end;
  const sernet_t *net;
  uint32_t *state;
} sernet_audio_t;

/* Begin a stream, and the network's clip. */
void sernet_audio_reset(const sernet_audio_t *audio);

/* Take the next samples, any number of them. Returns how many rows of the last feature map have been computed. */
int sernet_push_samples(const sernet_audio_t *audio, const int16_t *samples, unsigned count);

/* Where the next samples go, and how many at once: for a microphone's DMA that writes them there itself. They are
 * pushed with this place as `samples`, which spares a packet's memory. */
int16_t *sernet_next_samples(const sernet_audio_t *audio, unsigned *count);

/* End the stream: what waited for a whole block goes into the network, and its probabilities are written. */
sernet_status_t sernet_audio_finish(const sernet_audio_t *audio, int8_t *probabilities);

/* One frame's features in 1/65536, of `frame_length` samples in a ring that begins at `first`; they lie in the scratch,
 * which is as large as model.h says. */
const int32_t *sernet_features(const sernet_front_end_t *front_end, const int16_t *ring, unsigned first,
                               int32_t *scratch);

#ifdef __cplusplus
}
#endif

#endif
