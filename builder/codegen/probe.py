"""A test that stands beside an exported `model.py`: it answers as the drawn model did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from engine.modes import evaluating
from engine.ports import Port
from engine.program import inputs_for

PROBE_FILE, TEST_FILE = "probe.safetensors", "test_model.py"
TEST = '''"""The model in model.py answers as the drawn one did: `python -m pytest`."""

from __future__ import annotations

from pathlib import Path

import torch
from model import build_model
from safetensors.torch import load_file, load_model
from torch import Tensor

HERE = Path(__file__).parent


def named(prefix: str) -> dict[str, Tensor]:
    """What was recorded under `prefix`, without it."""
    told = load_file(HERE / "probe.safetensors")
    return {
        name.removeprefix(prefix): value
        for name, value in told.items()
        if name.startswith(prefix)
    }


def test_the_model_answers_as_the_drawn_one_did() -> None:
    model = build_model().eval()
    load_model(model, HERE / "model.safetensors")  # refuses other names

    with torch.no_grad():
        answer = model(**named("input."))

    found = answer if isinstance(answer, dict) else {"": answer}
    expected = named("output.")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6)
'''


def write_test(model: nn.Module, ports: Sequence[Port], out: Path) -> None:
    """Write the test and what it compares with: inputs and what the model gives for them.

    Args:
        model: The drawn model with its weights; the file's are `model.safetensors`.
        ports: Its inputs, with numbers for the sizes that are known.
        out: The folder.
    """
    inputs = {name: value.contiguous() for name, value in inputs_for(ports, batch=2, length=4).items()}
    with evaluating(model), torch.no_grad():
        answer = model(**inputs)
    outputs = answer if isinstance(answer, dict) else {"": answer}
    told = {f"input.{name}": value for name, value in inputs.items()}
    told |= {f"output.{name}": value.contiguous() for name, value in outputs.items()}
    save_file(told, out / PROBE_FILE)
    (out / TEST_FILE).write_text(TEST, encoding="utf-8")
