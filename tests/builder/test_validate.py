"""Validation as a whole: what an edit costs, what is remembered, and that no document is too wrong to be checked."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import dims, soundness, templates
from builder.document import Document, Node
from builder.edits import Move, SetSetting, SetSymbol
from builder.shapes import infer
from builder.surroundings import Surroundings
from builder.validate import validate, views
from engine.blocks.spec import CATALOGUE
from engine.errors import DocumentError
from engine.settings import Value
from tests.benchmarks.graphs import chain
from tests.builder.broken import CASES, no_carry
from tests.builder.drawn import document, language_model, node, problems, shape


def test_errors_come_before_warnings() -> None:
    found = [make() for code, make in CASES if code in ("R005", "R001")]
    nodes = {f"a{i}_{name}": n for i, model in enumerate(found) for name, n in model.main.nodes.items()}

    severities = [problem.severity for problem in validate(document(nodes, "", d_model=8, vocab_size=11)).diagnostics]

    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_a_report_is_good_when_there_are_only_warnings() -> None:
    dead = language_model({"norm": node("layer_norm", d_model="d_model")}, "embed.y>norm.x embed.y>head.x")

    assert problems(dead) == ["R005 model/norm"]
    assert validate(dead).ok
    assert not validate(no_carry()).ok


def test_one_symbol_resizes_the_whole_model() -> None:
    model = templates.build("transformer")

    resized = SetSymbol(name="d_model", value=48).apply(model)

    assert problems(resized) == []
    assert shape(resized, "down.x", "feed_forward") == "B T 192"


def test_a_definition_is_checked_for_each_set_of_settings_it_is_used_with() -> None:
    parts = {
        "good": node("multi_head_attention", d_model=8, n_heads=2),
        "bad": node("multi_head_attention", d_model=8, n_heads=3),
    }
    model = language_model(parts, "embed.y>good.x good.y>bad.x bad.y>head.x")

    assert "S003 multi_head_attention/k_heads" in problems(model)


def test_a_layer_of_its_own_settings_is_checked_too() -> None:
    blocks = replace(node("feed_forward", d_model=8), repeat=3, carry=("x", "y"), overrides={1: {"d_ff": -1}})
    model = language_model({"blocks": blocks}, "embed.y>blocks.x blocks.y>head.x")

    assert problems(model) == ["R004 model/blocks.d_ff"]


def test_definitions_that_the_model_does_not_use_are_left_alone() -> None:
    model = language_model()
    unused = replace(no_carry().main, name="unused")

    assert problems(model.with_definition(unused)) == []


def test_a_report_lists_the_shapes_of_every_definition_in_use() -> None:
    report = validate(templates.build("gpt2"))

    assert set(report.shapes) == {"model", "gpt_block", "multi_head_attention", "feed_forward"}
    assert set(report.kinds) == set(report.shapes)


def test_an_edit_of_the_root_reads_no_inner_definition_again() -> None:
    model = templates.build("transformer")
    before = {view.name: view.found for view in views(model)}

    moved = Move(positions={"encoder": (1, 2)}).apply(model)
    after = {view.name: view.found for view in views(moved)}

    assert [name for name in before if before[name] is not after[name]] == ["model"]


def test_an_edit_inside_a_composite_reads_only_that_again() -> None:
    model = templates.build("transformer")
    before = {view.name: view.found for view in views(model)}

    edited = SetSetting(node="act", name="function", value="silu", at="feed_forward").apply(model)
    after = {view.name: view.found for view in views(edited)}

    assert [name for name in before if before[name] is not after[name]] == ["feed_forward"]


def test_what_is_remembered_is_what_would_be_found_anew() -> None:
    model = chain(60, wrong=3)
    validate(model)
    edited = SetSymbol(name="d_model", value=77).apply(model)

    remembered = validate(edited).shapes["model"]
    view = next(iter(views(edited)))
    around = view.around
    anew = infer(
        Surroundings(around.definition, around.scope, around.signatures, around.worth, around.bad, around.kinds)
    )

    assert {port: dims.text(found) for port, found in anew.shapes.items() if found} == remembered


def test_large_graphs_for_benchmarks_are_right_and_of_the_size_asked_for() -> None:
    for count in (20, 100, 300):
        assert len(chain(count).main.nodes) == count
        assert problems(chain(count)) == []
        assert chain(count, seed=3) == chain(count, seed=3)


EXPRESSIONS = ["d_model", "4*d_model", "nothing", "1//0", "[", "none"]
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.integers(-3, 9),
    st.booleans(),
    st.floats(0, 2),
    st.sampled_from(["d_model", "4*d_model", "nothing", "1//0", "[", "none"]),
)
KINDS = st.sampled_from([*CATALOGUE, "feed_forward", "multi_head_attention", "decoder_block", "model", "missing"])


@st.composite
def wild_nodes(draw: st.DrawFn) -> Node:
    kind = draw(KINDS)
    known = [field.name for field in CATALOGUE[kind].config.fields()] if kind in CATALOGUE else ["d_model", "n_heads"]
    own = draw(st.dictionaries(st.sampled_from([*known, "unknown"]), VALUES, max_size=3))
    repeat = draw(st.sampled_from([None, None, 2, 0, "d_model", "x y"]))
    carry = draw(st.sampled_from([None, ("x", "y"), ("y", "x")]))
    return Node(kind=kind, settings=own, repeat=repeat, carry=carry)


@st.composite
def wild_documents(draw: st.DrawFn) -> Document:
    nodes = draw(st.dictionaries(NAMES, wild_nodes(), min_size=1, max_size=5))
    ports = st.sampled_from(["x", "y", "sum", "update", "tokens", "q", "k", "weights", "value", "logits"])
    ends = st.tuples(
        st.sampled_from([*nodes, "embed", "tokens", "head"]), ports, st.sampled_from([*nodes, "head", "logits"]), ports
    )
    text = " ".join(f"{a}.{out}>{b}.{into}" for a, out, b, into in draw(st.lists(ends, max_size=8)))
    return language_model(nodes, text)


def is_sound(model: Document) -> bool:
    """Whether edits take it: what cannot come from a file or an edit cannot be edited either."""
    try:
        soundness.check(model)
    except DocumentError:
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wild_documents())
def test_any_document_can_be_checked_and_any_fix_applied(model: Document) -> None:
    report = validate(model)

    assert report.shapes["model"]
    for found in report.diagnostics if is_sound(model) else ():
        for fix in found.fixes:
            after = fix.edit.apply(model)
            assert (found.code, found.path) not in {(p.code, p.path) for p in validate(after).diagnostics}, fix.label
