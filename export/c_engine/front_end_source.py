"""C source of a front end: the tables and numbers that turn samples into an int8 network's rows."""

import math

import numpy as np

from sernet.export.c_engine.fixed_point import quantised_multiplier
from sernet.export.c_engine.text import array, factors, fields
from sernet.runtime import listener
from sernet.runtime.errors import SernetError
from sernet.runtime.filter_bank import hann_window, mel_matrix
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import NEPERS_PER_DB
from sernet.runtime.stream_plan import BLOCK

FEATURE_STEPS = 65536
"""Of 1 in a feature, before it is normalised."""

DEVIATION_STEPS = 512
"""Of one deviation in a normalised feature."""

DCT_STEPS = 32768
"""Of 1 in a sum of the cosine transform."""

LEVEL_STEPS = 1024
"""Of a neper in a level."""


class CFrontEndError(SernetError):
    """A front end that the C engine cannot compute."""


def check_front_end(front_end: FrontEnd) -> None:
    """Raises CFrontEndError for what the engine has no code for."""
    reasons = {
        "levels whole clips, which have no end here": front_end.level_percentile is not None,
        "gives a spectrogram: the engine has mfcc and mel_spectrogram": front_end.input_type == "spectrogram",
        f"has frames of {front_end.frame_length} samples, which must be a power of two from 64 to 2048": (
            front_end.frame_length not in (64, 128, 256, 512, 1024, 2048)
        ),
        f"has a step of {front_end.frame_step} samples, an odd number": front_end.frame_step % 2 == 1,
        f"has {front_end.mel_bins} mel bands, which must be a multiple of four": front_end.mel_bins % 4 != 0,
        "normalises, and does not say by what": (
            front_end.normalisation is not None and not front_end.normalisation.mean
        ),
    }
    if wrong := [reason for reason, holds in reasons.items() if holds]:
        raise CFrontEndError(f"the front end {wrong[0]}")


def audio_words(front_end: FrontEnd) -> int:
    """Of 32 bits, that a stream of samples keeps."""
    features, words = front_end.feature_count, 5 + front_end.feature_count
    halves = front_end.frame_length
    if front_end.normalisation is not None:
        halves += _context(front_end) + BLOCK * features
    return words + -(-halves // 2)


def scratch_words(front_end: FrontEnd) -> int:
    """Of 32 bits, that one frame takes."""
    return max(front_end.frame_length, _logs_at(front_end) + _words_behind(front_end))


def front_end_source(front_end: FrontEnd, input_scale: float, input_zero_point: int) -> str:
    """C text that defines `sernet_front_end`.

    Args:
        front_end: what `check_front_end` lets pass.
        input_scale: of the network's int8 input.
        input_zero_point: the same.
    """
    length, bands = front_end.frame_length, front_end.mel_bins
    starts, weights = _bands(front_end)
    parts = [
        array("int16_t", "window", _in_16_bits(hann_window(length).astype(np.float64))),
        array("uint32_t", "turn", _turn(length)),
        array("uint16_t", "square_roots", np.rint(np.sqrt(np.arange(64.0, 513.0) * 2**22)).astype(int)),
        array("uint16_t", "logarithms", np.rint(np.log(1 + np.arange(65) / 64) * 65536).astype(int)),
        f"static const sernet_band_t bands[] = {{{', '.join(f'{{{a}, {n}}}' for a, n in starts)}}};\n",
        array("int16_t", "band_weights", weights),
        array("int16_t", "cosines", _cosines(bands, front_end.coefficients)),
    ]
    mfcc, normalisation = front_end.input_type == "mfcc", front_end.normalisation
    values: dict[str, object] = {
        "window": "window",
        "turn": "turn",
        "square_roots": "square_roots",
        "logarithms": "logarithms",
        "bands": "bands",
        "band_weights": "band_weights",
        "cosines": "cosines",
        "scale": "scale",
        "dct": _factor(FEATURE_STEPS / DCT_STEPS * 2 / math.sqrt(2 * bands)),
        "log_offset": round(front_end.log_offset * 2**31),
        "clip": min(round(front_end.clip * FEATURE_STEPS), 2**31 - 1),
        "logs_at": _logs_at(front_end),
        "sample_rate": front_end.sample_rate,
        "frame_length": length,
        "frame_step": front_end.frame_step,
        "mel_bins": bands,
        "coefficients": front_end.coefficients if mfcc else 0,
        "features": front_end.feature_count,
        "zero_point": input_zero_point,
    }
    if normalisation is None:
        steps = [1 / (FEATURE_STEPS * input_scale)] * front_end.feature_count
        parts.append(_factors("scale", steps))
    else:
        mean, deviation = np.array(normalisation.mean), np.array(normalisation.deviation)
        parts.append(array("int32_t", "mean", np.rint(mean * FEATURE_STEPS).astype(int)))
        parts.append(_factors("scale", DEVIATION_STEPS / FEATURE_STEPS / deviation))
        parts.append(_speech(front_end, mean, deviation))
        step = _factor(1 / (DEVIATION_STEPS * input_scale))
        values |= {"mean": "mean", "speech": "&speech", "step": step, "block": BLOCK}
    return "\n".join([*parts, f"const sernet_front_end_t sernet_front_end = {fields(values)};\n"])


def _speech(front_end: FrontEnd, mean: np.ndarray, deviation: np.ndarray) -> str:
    """What `Listener` and `Normalisation.apply` know of levels."""
    normalisation = front_end.normalisation
    assert normalisation is not None
    direction = front_end.gain_direction * (np.abs(front_end.gain_direction) > 1e-6)  # what is left by rounding is none
    share = direction / (direction @ direction)
    rate = front_end.sample_rate / front_end.frame_step
    values = {
        "level_of": "level_of",
        "feature_of": "feature_of",
        "level": round(float(mean @ share) * LEVEL_STEPS),
        "range": round(normalisation.speech_range_db * NEPERS_PER_DB * LEVEL_STEPS),
        "moves": round(listener.MOVES_DB * NEPERS_PER_DB * LEVEL_STEPS),
        "context": _context(front_end),
        "known": math.ceil(listener.KNOWN_S * rate),
        "memory": round(listener.MEMORY_S * rate),
        "prior": round(normalisation.prior_frames),
    }
    return "\n".join(
        [
            _factors("level_of", deviation * share * (LEVEL_STEPS / DEVIATION_STEPS)),
            _factors("feature_of", direction / deviation * (DEVIATION_STEPS / LEVEL_STEPS)),
            f"static const sernet_speech_t speech = {fields(values)};\n",
        ]
    )


def _context(front_end: FrontEnd) -> int:
    return round(listener.CONTEXT_S * front_end.sample_rate / front_end.frame_step)


def _words_behind(front_end: FrontEnd) -> int:
    """Logarithms, and for mfcc the two folded halves of 16 bits and the features."""
    bands = front_end.mel_bins
    return bands + (bands // 2 + front_end.coefficients if front_end.input_type == "mfcc" else 0)


def _logs_at(front_end: FrontEnd) -> int:
    """Word behind which the logarithms lie: 0 where each finds a bin, of two words, that no later band needs."""
    starts, _ = _bands(front_end)
    needed = front_end.frame_length
    for band in reversed(range(len(starts))):
        if band >= needed:
            return front_end.frame_length
        first, count = starts[band]
        if count:
            needed = min(needed, 2 * first)
    return 0 if _words_behind(front_end) <= front_end.frame_length else front_end.frame_length


def _bands(front_end: FrontEnd) -> tuple[list[tuple[int, int]], np.ndarray]:
    """First bin and number of bins of each mel band, and the weights of all bands one behind the other."""
    bins = front_end.frame_length // 2 + 1
    matrix = mel_matrix(front_end.mel_bins, bins, front_end.sample_rate, front_end.low_hz, front_end.high_hz)
    starts, weights = [], []
    for band in np.minimum(np.rint(matrix.T.astype(np.float64) * 32768), 32767).astype(int):
        used = np.flatnonzero(band[:-1])  # the last bin, at half the sample rate, has no place among the others
        first, count = (int(used[0]), int(used[-1] - used[0] + 1)) if len(used) else (0, 0)
        starts.append((first, count))
        weights.append(band[first : first + count])
    return starts, np.concatenate(weights)


def _turn(count: int) -> np.ndarray:
    """Of a turn's angles the cosine, and in the upper half of the word the sine: (count,)."""
    angles = 2 * np.pi * np.arange(count) / count
    return _in_16_bits(np.cos(angles)) % 2**16 + _in_16_bits(np.sin(angles)) % 2**16 * 2**16


def _cosines(bands: int, coefficients: int) -> np.ndarray:
    """Of the DCT-II, for the bands of one half: (coefficients, bands / 2)."""
    coefficient, band = np.arange(coefficients)[:, None], np.arange(bands // 2)[None, :]
    return _in_16_bits(np.cos(np.pi / bands * (band + 0.5) * coefficient))


def _in_16_bits(values: np.ndarray) -> np.ndarray:
    """In 1/32768, as far as 16 bits hold it."""
    return np.clip(np.rint(values * 32768), -32767, 32767).astype(int)


def _factor(value: float) -> str:
    return "{{{}, {}}}".format(*_signed_factor(value))


def _factors(name: str, values: np.ndarray | list[float]) -> str:
    multipliers, shifts = np.array([_signed_factor(float(value)) for value in values]).T
    return factors(name, multipliers, shifts)


def _signed_factor(value: float) -> tuple[int, int]:
    multiplier, shift = quantised_multiplier(abs(value))
    return (-multiplier if value < 0 else multiplier), shift
