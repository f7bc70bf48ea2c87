"""Every setting of a training run, and the presets that give them values."""

import dataclasses
import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.settings import settings_from
from sernet.training.example_config import ExampleConfig

Loss = Literal["cross_entropy", "focal"]
Cache = Literal["disk", "ram", "none"]
SplitBy = Literal["speaker", "random", "all"]
Keep = Literal["best", "last"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["steps", "one_cycle"]
SparsityPattern = Literal["magnitude", "2:4"]

WIDTHS = (32, 32, 32, 64, 96, 128, 160, 320)
"""The paper's filters: of the convolutions along time, along frequency and at both, then of the five that follow."""

MAX_INPUT_DURATION = 60.0
"""Seconds; a batch of longer clips does not fit the memory of an ordinary computer."""

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run; a preset (TOML) gives them, the command line overrides them."""

    dataset: str = "emodb"
    """Corpus name, or the path of your own recordings."""
    input_duration: float = 3.0
    """Seconds that every clip is cut or padded to."""
    audio_type: str = "all"
    """IEMOCAP: all, impro or script."""
    merge_excited: bool = False
    """IEMOCAP: count `excited` as happiness."""
    front_end: FrontEnd = field(default_factory=FrontEnd)
    """How samples become the network's input."""
    fuse_front_end: bool = False
    """Export a network that takes samples: the front end becomes part of the model."""
    examples: ExampleConfig | None = None
    """Train on crops of many voices, drawn anew each epoch; None: on the clips as they are."""
    loss: Loss = "cross_entropy"
    focal_gamma: float = 2.0
    """Focusing parameter of the focal loss (Lin et al., 2017)."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes (Szegedy et al., 2016)."""
    epochs: int = 300
    batch_size: int = 32
    learning_rate: float = 1e-4
    """Of Adam: until `decay_from`, or the highest of the cycle."""
    schedule: Schedule = "steps"
    """steps: falls every few epochs. one_cycle: rises linearly, then falls to zero along a cosine."""
    warm_up: float = 0.2
    """one_cycle: share of the epochs in which it rises."""
    weight_decay: float = 0.0
    """Decoupled (AdamW, Loshchilov and Hutter, 2019), of kernels; 0: plain Adam."""
    average_epochs: int = 1
    """The weights are the mean over so many last epochs (stochastic weight averaging, Izmailov et al., 2018)."""
    decay_from: int = 50
    """First epoch (counted from 0) at which the learning rate may fall."""
    decay_every: int = 20
    """From then on it falls at every multiple of so many epochs ..."""
    decay_exponent: float = -0.15
    """... by a factor of exp(this)."""
    dropout: float = 0.3
    widths: tuple[int, ...] = WIDTHS
    """Filters of the network's eight convolutions, in this order."""
    pruned_from: str = ""
    """A preset, or the folder of a run: its network is trained first, if need be, and the most important filters of it
    are where the training begins. `widths` says how many."""
    distillation: float = 0.0
    """pruned_from: share of the wider network's answer in the target (Hinton et al., 2015, at temperature 1)."""
    sparsity: float = 0.0
    """pruned_from: share of all weights in kernels that become zero, the smallest ones; where 0, none."""
    sparsity_pattern: SparsityPattern = "magnitude"
    """magnitude: the smallest weights of a kernel; 2:4: of each four along its inputs the two smallest."""
    split: SplitBy = "speaker"
    """What validation and test clips share with training: no speaker, or (random) any; all: nothing is held out."""
    test_speakers: tuple[str, ...] = ()
    """Speakers held out for the test; empty: `test_fraction` of them, drawn by the seed."""
    test_fraction: float = 0.2
    """Share of the speakers (random: of the clips) held out for the test."""
    validation_fraction: float = 0.15
    """Share of the remaining speakers (clips) that the best epoch is chosen on."""
    keep: Keep = "best"
    """Which epoch's weights: the best on the validation clips, or the last."""
    cache: Cache = "ram"
    """Where features are kept: in memory, on disk (shared by runs), or computed anew every epoch."""
    precision: Precision = "auto"
    """Arithmetic of training: bfloat16 (weights stay float32) is twice as fast if the processor has it; auto asks."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        for name, kind in (
            ("loss", Loss),
            ("cache", Cache),
            ("split", SplitBy),
            ("keep", Keep),
            ("precision", Precision),
            ("sparsity_pattern", SparsityPattern),
        ):
            if getattr(self, name) not in get_args(kind):
                raise SernetError(f"{name} {getattr(self, name)!r} is unknown: use one of {', '.join(get_args(kind))}")
        for name in ("epochs", "batch_size", "learning_rate", "decay_every"):
            if not 0 < getattr(self, name) < math.inf:
                raise SernetError(f"{name.replace('_', ' ')} must be above 0, not {getattr(self, name)}")
        for name in ("label_smoothing", "warm_up", "weight_decay", "distillation", "sparsity"):
            if not 0 <= getattr(self, name) < 1:
                raise SernetError(f"{name.replace('_', ' ')} must be 0 or more and below 1, not {getattr(self, name)}")
        if self.average_epochs < 1:
            raise SernetError(f"average epochs must be 1 or more, not {self.average_epochs}")
        if self.average_epochs > 1 and self.keep == "best":
            raise SernetError("the last epochs are averaged, or the best one is kept: set keep to last, or average 1")
        if self.examples is not None and self.front_end.normalisation is None:
            raise SernetError("examples of many voices need a front end that normalises: add [front_end.normalisation]")
        if self.fuse_front_end and self.front_end.normalisation is not None:
            raise SernetError("a fused front end cannot remember its speaker: leave out --fuse-front-end")
        for name in ("test_fraction", "validation_fraction"):
            if not 0 < getattr(self, name) < 1:
                raise SernetError(f"{name.replace('_', ' ')} must lie between 0 and 1, not {getattr(self, name)}")
        if len(self.widths) != len(WIDTHS) or not all(isinstance(w, int) and w > 0 for w in self.widths):
            raise SernetError(f"widths must be {len(WIDTHS)} numbers of filters above 0, not {list(self.widths)}")
        if self.distillation and not self.pruned_from:
            raise SernetError("distillation needs the network that this one is pruned_from")
        if self.sparsity and not self.pruned_from:
            raise SernetError("a sparse network needs the dense one that it is pruned_from")
        if self.sparsity and self.keep == "best":
            raise SernetError("the best epoch may come before the weights are zero: set keep to last")
        if self.sparsity and self.dropout:
            raise SernetError("a sparse network is trained on without dropout: set dropout to 0")
        if self.sparsity and self.sparsity_pattern == "2:4" and self.sparsity != 0.5:
            raise SernetError(f"the pattern 2:4 has a sparsity of 0.5, not {self.sparsity:g}")
        if not 0 <= self.dropout < 1:
            raise SernetError(f"dropout must be 0 or more and below 1, not {self.dropout}")
        if not 0 <= self.seed < 2**32:
            raise SernetError(f"the seed must be 0 to {2**32 - 1}, not {self.seed}")
        if not 0 < self.input_duration <= MAX_INPUT_DURATION:
            raise SernetError(
                f"input duration must be above 0 and at most {MAX_INPUT_DURATION:g} s, not {self.input_duration:g}"
            )
        if self.split != "speaker" and self.test_speakers:
            raise SernetError(f"test speakers cannot be held out of a split by {self.split}: leave out one of the two")
        if self.split == "all" and self.keep == "best":
            raise SernetError("no clips are left to choose the best epoch on: train on all with --keep last")
        if self.front_end.frame_count(self.front_end.sample_count(self.input_duration)) < 1:
            raise SernetError(f"an input duration of {self.input_duration:g} s is shorter than one frame")

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch (counted from 0)."""
        if self.schedule == "one_cycle":
            done, rise = (epoch + 0.5) / self.epochs, self.warm_up
            falling = 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))
            return self.learning_rate * (done / rise if done < rise else falling)
        if epoch < self.decay_from:
            return self.learning_rate
        steps = epoch // self.decay_every - (self.decay_from - 1) // self.decay_every
        return self.learning_rate * math.exp(self.decay_exponent * steps)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrainConfig":
        """The opposite of `to_json`; also reads a parsed preset. Raises SernetError as `settings_from` does."""
        for name, kind in (("front_end", dict), ("test_speakers", list), ("widths", list), ("examples", dict)):
            if not isinstance(values.get(name) or kind(), kind):
                raise SernetError(
                    f"the preset has {name} = {values[name]!r}, not a {'table' if kind is dict else 'list'}"
                )
        front_end = FrontEnd.from_json(values.get("front_end", {}))
        speakers = tuple(map(str, values.get("test_speakers", ())))
        widths = tuple(values.get("widths") or WIDTHS)
        plain = {name: value for name, value in values.items() if name != "examples"}
        tuples = {"test_speakers": speakers, "widths": widths}
        config = settings_from(cls, plain | {"front_end": front_end} | tuples, "preset")
        if values.get("examples") is None:
            return config
        return dataclasses.replace(config, examples=ExampleConfig.from_json(values["examples"]))


def load_preset(name_or_path: str) -> TrainConfig:
    """A preset that ships with the package (its name), or a TOML file of your own (its path).

    A preset may name another one as its `base`: it then holds only what differs from that one.

    Raises:
        SernetError: there is none, it is not TOML, or it holds an unknown setting.
    """
    values = _preset_values(name_or_path)
    if "base" in values:
        base, changed = _preset_values(str(values.pop("base"))), values
        if "base" in base:
            raise SernetError(f"the preset {name_or_path} has a base that has one itself: name that one")
        values = base | changed
    return TrainConfig.from_json(values)


def _preset_values(name_or_path: str) -> dict[str, Any]:
    path = PRESETS / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        names = ", ".join(sorted(preset.stem for preset in PRESETS.glob("*.toml")))
        raise SernetError(f"no preset {name_or_path!r}: use one of {names}, or the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SernetError(f"{path} is not TOML: {error}") from None
