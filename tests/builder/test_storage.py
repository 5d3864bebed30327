"""Which matrices can be one storage, and the edits that make them so, as a user sees ties."""

from __future__ import annotations

import builder
from builder.document import Document
from builder.edits import SetRepeat, SetShared, Tie, Untie
from builder.storage import LAYER, Tying, shared, tie_weights, tied_blocks, tyings, untie_weight
from tests.builder.small_models import SIZES, small
from tests.builder.unfolding import unfolding

ATTN = ("blocks", "attn")


def of(document: Document, path: tuple[str, ...], node: str) -> Tying:
    """How the one matrix of a block is stored."""
    (found,) = tyings(document, path, node)
    return found


def others(document: Document, path: tuple[str, ...], node: str) -> set[str]:
    return {other.path for other in of(document, path, node).others}


def tied(document: Document, path: tuple[str, ...], node: str, other: str) -> Document:
    """`document` after a user chose `other` for the matrix of a block."""
    tying = of(document, path, node)
    return tie_weights(document, tying.weight, next(w for w in tying.others if w.path == other)).apply(document)


def untied() -> Document:
    return Untie(first="lm_head.weight").apply(small("gpt2"))


def storages(document: Document) -> int:
    return len(list(builder.compile_document(document).parameters()))


def test_a_head_could_be_tied_to_the_table_of_its_tokens_and_to_nothing_of_another_shape() -> None:
    assert SIZES["vocab_size"] != SIZES["max_len"]
    assert others(untied(), (), "lm_head") == {"tok_emb.weight"}
    assert of(untied(), (), "lm_head").kept == ("",)
    assert tyings(untied(), (), "ln_f") == []  # a vector


def test_tying_makes_one_storage_and_untying_two_again() -> None:
    document = tied(untied(), (), "lm_head", "tok_emb.weight")

    assert document == small("gpt2")
    assert storages(document) == storages(untied()) - 1
    assert of(document, (), "lm_head").kept == ("tok_emb.weight",)
    assert of(document, (), "tok_emb").followers == ("lm_head.weight",)
    for node in ("lm_head", "tok_emb"):
        assert untie_weight(document, of(document, (), node).weight).apply(document) == untied()


def test_a_table_stays_whichever_end_is_chosen() -> None:
    assert tied(untied(), (), "tok_emb", "lm_head.weight") == small("gpt2")


def test_inside_layers_the_matrices_of_every_layer_are_tied() -> None:
    document = small("gpt2")
    assert others(document, ATTN, "q_proj") == {f"blocks.*.attn.{n}.weight" for n in ("k_proj", "v_proj", "out_proj")}

    both = tied(document, ATTN, "q_proj", "blocks.*.attn.k_proj.weight")

    assert both.ties[1:] == tuple(
        (f"blocks.{layer}.attn.q_proj.weight", f"blocks.{layer}.attn.k_proj.weight") for layer in range(2)
    )
    assert builder.validate(both).ok
    assert storages(both) == storages(document) - 2
    assert of(both, ATTN, "q_proj").kept == ("blocks.*.attn.k_proj.weight",)
    assert of(both, ATTN, "k_proj").followers == ("blocks.*.attn.q_proj.weight",)
    assert untie_weight(both, of(both, ATTN, "q_proj").weight).apply(both) == document


def test_a_third_matrix_joins_those_that_are_one() -> None:
    both = tied(small("gpt2"), ATTN, "q_proj", "blocks.*.attn.k_proj.weight")

    three = tied(both, ATTN, "k_proj", "blocks.*.attn.v_proj.weight")

    assert builder.validate(three).ok
    assert storages(three) == storages(small("gpt2")) - 4
    assert set(of(three, ATTN, "v_proj").followers) == {f"blocks.*.attn.{n}.weight" for n in ("q_proj", "k_proj")}


def test_what_is_tied_can_be_tied_to_another_instead() -> None:
    both = tied(small("gpt2"), ATTN, "q_proj", "blocks.*.attn.k_proj.weight")

    other = tied(both, ATTN, "q_proj", "blocks.*.attn.v_proj.weight")

    assert of(other, ATTN, "q_proj").kept == ("blocks.*.attn.v_proj.weight",)
    assert of(other, ATTN, "k_proj").followers == ()


def test_layers_that_differ_are_seen_so() -> None:
    one = Tie(first="blocks.1.attn.q_proj.weight", second="blocks.1.attn.k_proj.weight").apply(small("gpt2"))

    assert of(one, ATTN, "q_proj").kept == ("", "blocks.*.attn.k_proj.weight")
    assert [tie.first for tie in shared(one)] == ["lm_head.weight", "blocks.1.attn.q_proj.weight"]


def test_layers_that_share_weights_are_tied_once() -> None:
    document = SetShared(node="blocks", shared=True).apply(small("gpt2"))

    both = tied(document, ATTN, "q_proj", "blocks.0.attn.k_proj.weight")

    assert len(both.ties) == 2
    assert storages(both) == storages(document) - 1


def test_a_composite_without_layers_is_looked_into_from_outside() -> None:
    document = SetRepeat(node="blocks", repeat=None).apply(small("gpt2", d_ff=SIZES["vocab_size"]))

    assert {"blocks.ffn.up.weight", "tok_emb.weight"} <= others(document, (), "lm_head")


def test_all_ties_are_listed_and_those_of_every_layer_as_one() -> None:
    both = tied(small("gpt2"), ATTN, "q_proj", "blocks.*.attn.k_proj.weight")

    found = shared(both)

    assert [(tie.first, tie.second) for tie in found] == [
        ("lm_head.weight", "tok_emb.weight"),
        ("blocks.*.attn.q_proj.weight", "blocks.*.attn.k_proj.weight"),
    ]
    assert found[1].untie.apply(both) == small("gpt2")
    assert all(LAYER not in path for tie in found for path in tie.paths)


def test_blocks_at_both_ends_of_a_tie_are_marked() -> None:
    both = tied(small("gpt2"), ATTN, "q_proj", "blocks.*.attn.k_proj.weight")

    assert tied_blocks(both, "model") == {"lm_head", "tok_emb"}
    assert tied_blocks(both, "multi_head_attention") == {"q_proj", "k_proj"}


def test_a_head_with_two_matrices_names_them() -> None:
    document = builder.templates.build("bert", **SIZES)

    assert [tying.leaf for tying in tyings(document, (), "head")] == ["decoder.weight"]


def test_a_model_that_unfolds_without_end_is_looked_at_for_no_longer_than_others() -> None:
    """Twelve levels of composites, each of which uses four of the next."""
    assert tyings(unfolding(levels=12, width=4), (), "nowhere") == []
