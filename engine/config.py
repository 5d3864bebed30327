"""How a model is trained: one frozen record, whose settings serve the form, the checks and the run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from engine.errors import SettingError
from engine.registry import did_you_mean
from engine.settings import Config, Setting, Value


@dataclass(frozen=True, kw_only=True)
class RunConfig(Config):
    """Settings of a training run."""

    task: Annotated[str, Setting("What the model is trained for.")] = "reverse"
    steps: Annotated[int, Setting("How many times the weights change.", low=1, unit="steps")] = 2000
    batch_size: Annotated[int, Setting("Examples in a step.", low=1, high=65536, unit="examples")] = 64
    lr: Annotated[float, Setting("Highest learning rate.", low=0, high=10)] = 3e-3
    schedule: Annotated[
        str,
        Setting("How the learning rate falls after the warm-up.", choices=("constant", "cosine", "linear")),
    ] = "cosine"
    warmup: Annotated[int, Setting("Steps in which the learning rate rises.", low=0, unit="steps")] = 50
    weight_decay: Annotated[float, Setting("Pull of the matrices towards zero.", low=0, high=10)] = 0.01
    beta1: Annotated[float, Setting("Memory of Adam's mean gradient.", low=0, high=0.9999)] = 0.9
    beta2: Annotated[float, Setting("Memory of Adam's squared gradient.", low=0, high=0.99999)] = 0.98
    clip: Annotated[float, Setting("Longest gradient; longer ones are shortened. 0 is off.", low=0)] = 1.0
    label_smoothing: Annotated[float, Setting("Share of the target given to all other answers.", low=0, high=0.9)] = 0.0
    seed: Annotated[int, Setting("Same seed, same run.", low=0, high=2**31 - 1)] = 0
    eval_every: Annotated[int, Setting("Steps between two validations.", low=1, unit="steps")] = 50
    eval_size: Annotated[int, Setting("Held-out examples in a validation.", low=1, unit="examples")] = 256
    sample_every: Annotated[int, Setting("Steps between two samples of answers.", low=1, unit="steps")] = 100
    checkpoint_every: Annotated[int, Setting("Steps between two checkpoints.", low=1, unit="steps")] = 200
    keep: Annotated[int, Setting("Checkpoints kept; the first and the newest always are.", low=2)] = 40
    device: Annotated[str, Setting("Where to compute.", choices=("auto", "cpu", "cuda"))] = "auto"
    threads: Annotated[int, Setting("Processor threads; more than one rarely pays here.", low=1, high=256)] = 1

    @classmethod
    def suited(cls, task: str, **changes: Value) -> RunConfig:
        """The defaults with what the task recommends, and `changes` on top.

        Raises:
            UnknownNameError: If there is no such task.
            SettingError: If a name is unknown or a value does not fit.
        """
        from engine.data import TASKS

        return cls.from_dict({"task": task, **TASKS[task].recommended, **changes})

    def to_dict(self) -> dict[str, Any]:
        """All settings by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Value]) -> RunConfig:
        """Read settings by name; what is missing has its default.

        Raises:
            SettingError: If a name is unknown or a value does not fit.
        """
        known = [field.name for field in cls.fields()]
        for name in data:
            if name not in known:
                raise SettingError(f"Run has no setting {name!r}. {did_you_mean(name, known)}")
        return cls(**data)  # type: ignore[arg-type]
