"""Building what was generated, and comparing it with what the compiler makes of the same graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

import builder
from builder.codegen import generate_code
from builder.document import Definition, Document, Node
from builder.values import scope
from engine.blocks.spec import CATALOGUE
from engine.ports import Port

CHECK = """
import sys, importlib.util, torch
from pathlib import Path
torch.set_num_threads(1)  # as many as the process that compares, so that sums are in one order
told, answers = torch.load("told.pt", weights_only=True), {}
for name, (state, inputs) in told.items():
    spec = importlib.util.spec_from_file_location(name, Path("models") / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    model = module.build_model().eval()
    keys = list(model.state_dict())
    model.load_state_dict(state)
    given = []
    for values in inputs:
        try:
            with torch.no_grad():
                given.append(model(**values))
        except (RuntimeError, ValueError) as error:
            given.append(str(error))
    answers[name] = keys, given
assert not any(name.split(".")[0] in ("builder", "engine", "views") for name in sys.modules)
torch.save(answers, "answers.pt")
"""
Answer = Tensor | dict[str, Tensor] | str


@dataclass(frozen=True)
class Answers:
    """What a model's keys are, and what it gave for each set of inputs: its outputs, or why there are none."""

    keys: list[str]
    given: list[Answer]

    def check(self, expected: Answers, name: str) -> None:
        """Assert that these are the expected ones, to the last bit."""
        assert self.keys == expected.keys, name
        for got, value in zip(self.given, expected.given, strict=True):
            if isinstance(value, str) or isinstance(got, str):
                assert isinstance(got, str), f"{name}: the compiled model refuses these inputs: {value}"
                assert isinstance(value, str), f"{name}: {got}"
            else:
                assert_equal(outputs(got), outputs(value), name)


def as_module(document: Document) -> ModuleType:
    """The generated source as a module of this process."""
    module = ModuleType("generated")
    sys.modules["generated"] = module  # dataclasses look their module up
    exec(compile(generate_code(document), "generated.py", "exec"), vars(module))
    return module


def loaded(document: Document) -> nn.Module:
    """The model of the generated source."""
    model = as_module(document).build_model()
    assert isinstance(model, nn.Module)
    return model


def inputs_of(document: Document, *, optional: bool, seed: int = 0) -> dict[str, Tensor]:
    """Something for each input of a document, with padding at the ends of some rows."""
    draw = torch.Generator().manual_seed(seed)
    sizes = {key: value for key, value in scope(document.main).items() if type(value) is int}
    letters = {"B": 2, "T": 5, "S": 7}
    wanted = [port for port in document.main.inputs if optional or not port.optional]
    return {port.name: _value(port, {**sizes, **letters}, draw) for port in wanted}


def _value(port: Port, sizes: Mapping[str, int], draw: torch.Generator) -> Tensor:
    shape = [int(eval(dim, {}, {"D": 4, **sizes})) for dim in port.shape.split()]
    if port.kind == "ids":
        return torch.randint(0, 2, shape, generator=draw)
    if port.kind == "mask":
        return torch.arange(shape[-1]).expand(shape) < torch.arange(shape[-1] - shape[0] + 1, shape[-1] + 1)[:, None]
    return torch.randn(shape, generator=draw)


def outputs(answer: Tensor | dict[str, Tensor]) -> dict[str, Tensor]:
    """What a model gave, by name."""
    return answer if isinstance(answer, dict) else {"": answer}


def assert_equal(got: Mapping[str, Tensor], expected: Mapping[str, Tensor], name: str) -> None:
    """Assert that answers are the same to the last bit, no numbers among them included."""
    assert got.keys() == expected.keys(), name
    for port, value in expected.items():
        torch.testing.assert_close(got[port], value, rtol=0, atol=0, equal_nan=True, msg=f"{name}: {port} differs")


def assert_same(document: Document) -> nn.Module:
    """Assert that the generated model has the keys and the answers of the compiled one; gives the former."""
    ours, theirs = builder.compile_document(document).eval(), loaded(document).eval()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(shaken(ours).state_dict())
    for optional in (True, False):
        inputs = inputs_of(document, optional=optional)
        with torch.no_grad():
            expected, got = outputs(ours(**inputs)), outputs(theirs(**inputs))
        assert_equal(got, expected, document.name)
    return theirs


DROPS = 0.4  # share that is dropped, where anything is


def assert_trains_alike(document: Document) -> None:
    """Assert that one seed makes the generated model answer and learn in training as the compiled one, with dropout.

    Answers are the same to the last bit, gradients up to the order in which they are summed.
    """
    document = dropping(document)
    ours, theirs = builder.compile_document(document).double(), loaded(document).double()
    theirs.load_state_dict(shaken(ours).state_dict())
    for optional in (True, False):
        inputs = inputs_of(document, optional=optional)
        expected, got = learned(ours, inputs), learned(theirs, inputs)
        assert (got is None) == (expected is None), f"{document.name}: one of the two runs"
        if got and expected:
            assert_equal(got[0], expected[0], document.name)
            torch.testing.assert_close(got[1], expected[1], rtol=1e-9, atol=1e-12, equal_nan=True)


def dropping(document: Document) -> Document:
    """A document in which everything that can drop something does."""
    definitions = {name: _dropping(definition) for name, definition in document.definitions.items()}
    return replace(document, definitions=definitions)


def _dropping(definition: Definition) -> Definition:
    symbols = [replace(s, value=DROPS) if s.name == "dropout" else s for s in definition.symbols]
    nodes = {name: _with_drops(node) for name, node in definition.nodes.items() if node.kind in CATALOGUE}
    return definition.with_symbols(symbols).with_nodes(nodes)


def _with_drops(node: Node) -> Node:
    shares = {field.name for field in CATALOGUE[node.kind].config.fields()} & {"dropout", "p"}
    plain = {name: DROPS for name in shares if not isinstance(node.settings.get(name), str)}
    return replace(node, settings={**node.settings, **plain})


def learned(model: nn.Module, inputs: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]] | None:
    """What a model gives in training from one seed, and its parameters' gradients, by name; `None` if it cannot run."""
    model.train().zero_grad()
    torch.manual_seed(11)
    given = {name: x.double() if x.is_floating_point() else x for name, x in inputs.items()}
    try:
        answer = outputs(model(**given))
    except (RuntimeError, ValueError):
        return None
    draw = torch.Generator().manual_seed(5)
    parts = [(value * torch.randn(value.shape, generator=draw)).sum() for value in answer.values()]
    torch.stack(parts).sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {port: value.detach() for port, value in answer.items()}, gradients


def shaken(model: nn.Module) -> nn.Module:
    """`model` with noise on every parameter, so that no bias is 0 and no scale 1."""
    noise = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise) * 0.2)
    return model


@torch.no_grad()
def answers_of(model: nn.Module, inputs: Sequence[Mapping[str, Tensor]]) -> Answers:
    """What a model gives for each set of inputs."""
    given: list[Answer] = []
    for values in inputs:
        try:
            given.append(model(**values))
        except (RuntimeError, ValueError) as error:
            given.append(str(error))
    return Answers(list(model.state_dict()), given)


def in_a_fresh_process(documents: Mapping[str, Document], folder: Path) -> dict[str, tuple[Answers, Answers]]:
    """What generated files give where torch is installed but not this project, and what they should."""
    told, expected = {}, {}
    (folder / "models").mkdir()
    for name, document in documents.items():
        model = shaken(builder.compile_document(document)).eval()
        inputs = [inputs_of(document, optional=optional) for optional in (True, False)]
        (folder / "models" / f"{name}.py").write_text(generate_code(document), encoding="utf-8")
        told[name] = model.state_dict(), inputs
        expected[name] = answers_of(model, inputs)
    torch.save(told, folder / "told.pt")
    (folder / "check.py").write_text(CHECK, encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "check.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = torch.load(folder / "answers.pt", weights_only=True)
    return {name: (Answers(*answers[name]), expected[name]) for name in documents}
