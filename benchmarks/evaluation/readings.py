"""Readings: the ways in which a fold's trained model answers its test clips."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import keras
import numpy as np

from sernet.export.checks import check_structure
from sernet.export.converter import convert
from sernet.export.exporter import calibration_inputs
from sernet.export.formats import FORMATS
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle, Manifest, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.leaning import Leaning
from sernet.runtime.listener import live_features
from sernet.runtime.network import Network
from sernet.training.augmentation.conditions import CONDITIONS
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.enrolment import enrol
from sernet.training.evaluation import answers_to, predict
from sernet.training.network_inputs import network_inputs
from sernet.training.protocols import Protocol
from sernet.training.pruned_run import wider_run
from sernet.training.run import Run, load_network

ENROLMENT_S = (5, 10, 20, 30, 60)
"""Seconds of a speaker's speech that are known, beside all that there is."""

Answer = Callable[[Run, Sequence[Clip]], np.ndarray]
"""From a trained run and the test clips of its fold to probabilities (clips, classes)."""


@dataclass(frozen=True)
class Reading:
    """One way of answering."""

    name: str
    summary: str
    answer: Answer
    enrolled: bool = False
    """Whether it knows other recordings of the test speaker: under an enrolled protocol, and no other."""
    pruned: bool = False
    """Whether it is of pruned networks alone."""
    live: bool = False
    """Whether it hears a clip as a device does; the same as otherwise where the front end does not normalise."""


def int8_probabilities(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    """The answers of the model exported to full int8, by LiteRT: (clips, classes).

    Ranges are taken from training clips alone, the same that `sernet export` takes.
    """
    return _int8_answers(run, network_inputs(clips, run.front_end, run.config.input_duration))


def _live_inputs(run: Run, clips: Sequence[Clip]) -> list[np.ndarray]:
    rate = run.front_end.sample_rate
    return [live_features(run.front_end, read_audio(clip.path, rate)) for clip in clips]


def _live(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    return answers_to(run, _live_inputs(run, clips))


def _live_int8(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    return _int8_answers(run, _live_inputs(run, clips))


def _int8_answers(run: Run, inputs: Sequence[np.ndarray]) -> np.ndarray:
    target, seconds = FORMATS["int8"], run.config.input_duration
    flatbuffer = convert(run.model, target, calibration_inputs(run))
    check_structure(flatbuffer, target, run.model.count_params())
    manifest = Manifest(run.folder.name, run.labels, run.front_end, seconds, target.name)
    network = Network(Bundle(manifest, pack_bundle(flatbuffer, manifest)))
    return np.stack([network.probabilities(features) for features in inputs])


def _by_wider(answer: Answer) -> Answer:
    """The same way of answering, of the network that a run's was pruned from: what pruning costs, fold by fold."""

    def answer_by_wider(run: Run, clips: Sequence[Clip]) -> np.ndarray:
        wider = wider_run(run)
        assert wider is not None, "`readings_for` leaves it to pruned networks"
        return answer(wider, clips)

    return answer_by_wider


def _enrolled(seconds: float | None) -> Reading:
    """With the averages of the features of the speaker's speech."""

    def answer(run: Run, clips: Sequence[Clip]) -> np.ndarray:
        return predict(run, clips, profiles=[one.heard for one in enrol(clips, run.front_end, seconds)])

    return Reading(_named("enrolled", seconds), f"the float model, knowing {_speech(seconds)}", answer, enrolled=True)


def _varied(seconds: float | None) -> Reading:
    """The same, and taking back how the answers to that speech lean, for it goes through all moods."""

    def answer(run: Run, clips: Sequence[Clip]) -> np.ndarray:
        enrolled, earlier = enrol(clips, run.front_end, seconds), predict(run, clips)
        answers = predict(run, clips, profiles=[one.heard for one in enrolled])
        leanings = [Leaning.of(earlier[list(one.clips)]) for one in enrolled]
        return np.stack([leaning.taken_from(one) for leaning, one in zip(leanings, answers, strict=True)])

    summary = f"the float model, knowing {_speech(seconds)} in many moods, and without what its answers have in common"
    return Reading(_named("varied", seconds), summary, answer, enrolled=True)


def _named(kind: str, seconds: float | None) -> str:
    return kind if seconds is None else f"{kind}-{seconds}"


def _speech(seconds: float | None) -> str:
    return "all other clips of the speaker" if seconds is None else f"{seconds} s of the speaker's speech"


READINGS: dict[str, Reading] = {
    reading.name: reading
    for reading in (
        Reading("float", "the trained float model, by Keras", predict),
        Reading("int8", "exported to full int8 with ranges from training clips, by LiteRT", int8_probabilities),
        Reading("wider", "the float model that the model was pruned from, by Keras", _by_wider(predict), pruned=True),
        Reading("wider-int8", "the same, exported to full int8, by LiteRT", _by_wider(int8_probabilities), pruned=True),
        Reading("live", "the float model, by Keras, each block measured from the speech up to it", _live, live=True),
        Reading("live-int8", "the same, exported to full int8, by LiteRT", _live_int8, live=True),
        *(
            Reading(name, f"the float model, clips under the condition {name}", partial(predict, condition=name))
            for name in CONDITIONS
        ),
        *(_enrolled(seconds) for seconds in (*ENROLMENT_S, None)),
        *(_varied(seconds) for seconds in (*ENROLMENT_S, None)),
    )
}
"""Every way in which a fold is answered; each is one line here."""


def readings_for(config: TrainConfig) -> tuple[str, ...]:
    """Names of the readings that settings allow: only a front end that normalises can know its speaker."""
    knows, pruned = config.front_end.normalisation is not None, bool(config.pruned_from)
    return tuple(
        r.name for r in READINGS.values() if (knows or not (r.enrolled or r.live)) and (pruned or not r.pruned)
    )


def check_readings(names: Sequence[str], protocol: Protocol, config: TrainConfig) -> None:
    """Raise SernetError for an unknown reading, or one that knows more or less than the protocol says."""
    for name in names:
        if name not in READINGS:
            raise SernetError(f"no reading {name}: use {', '.join(READINGS)}")
        if READINGS[name].pruned and not config.pruned_from:
            raise SernetError(f"{name} is of a network that was pruned, and the preset's is not: use another preset")
        if name not in readings_for(config):
            raise SernetError(
                f"{name} needs a front end that normalises, and the preset's does not: use another preset"
            )
        if READINGS[name].enrolled != protocol.enrolled:
            raise SernetError(
                f"{protocol.name} {'has an' if protocol.enrolled else 'has no'} enrolled speaker: the reading {name} "
                f"{'does not know' if protocol.enrolled else 'knows'} the speaker; use "
                + ", ".join(r.name for r in READINGS.values() if r.enrolled == protocol.enrolled)
            )


def read_fold(run: Run, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Probabilities (clips, classes) of the run's test clips by name of the reading.

    Where the kept epoch was picked on the test clips, each reading is also made of the last epoch, which depends on
    the training clips alone (`last_epoch` gives its name).

    Raises SernetError when a clip cannot be read or the export of a reading fails.
    """
    models = {name: (READINGS[name], run) for name in names}
    if run.config.keep == "best":
        last = LastEpoch(*(getattr(run, field.name) for field in dataclasses.fields(Run)))
        models |= {last_epoch(name): (READINGS[name], last) for name in names}
    return {name: reading.answer(model, run.split.test) for name, (reading, model) in models.items()}


def last_epoch(name: str) -> str:
    """Name of the reading `name` by the model of the last epoch, beside one of the picked epoch."""
    return "last" if name == "float" else f"last-{name}"


class LastEpoch(Run):
    """A run that answers with the weights of its last epoch instead of those it kept."""

    @cached_property
    def model(self) -> keras.Model:
        """The network after the last epoch."""
        return load_network(self.folder / "last.keras")
