"""Settings of a run."""

from __future__ import annotations

import json

import pytest

from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import SettingError, UnknownNameError


def test_settings_are_the_same_after_a_trip_through_json() -> None:
    config = RunConfig(task="sort", lr=0.00123, clip=0)

    assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_setting_is_answered_with_the_closest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'steps'"):
        RunConfig.from_dict({"stepz": 3})


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"lr": -1.0}, {"schedule": "cosinus"}, {"batch_size": 1.5}])
def test_a_value_that_does_not_fit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        RunConfig.from_dict(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", TASKS)
def test_what_a_task_recommends_is_a_valid_setting_and_can_be_changed(task: str) -> None:
    config = RunConfig.suited(task, steps=7)

    assert config.task == task
    assert config.steps == 7


def test_an_unknown_task_is_answered_with_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'reverse'"):
        RunConfig.suited("revers")
