"""For each rule, models that break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from builder import templates
from builder.document import Definition, Document, Node, Symbol
from engine.settings import Setting
from tests.builder.drawn import HIDDEN, IDS, definition, document, end, language_model, node
from tests.builder.unfolding import unfolding, varied
from tests.builder.zoo import positions, residuals, scores, streams

Make = Callable[[], Document]


def through(*parts: tuple[str, Node]) -> Document:
    """A language model with these nodes in a row."""
    names = ["embed", *(name for name, _ in parts), "head"]
    text = " ".join(f"{a}.y>{b}.x" for a, b in pairwise(names))
    return language_model(dict(parts), text)


def misfit() -> Document:
    return through(("norm", node("layer_norm", d_model=16)))


def misfit_of_a_literal_source() -> Document:
    parts = {"up": node("linear", d_in="d_model", d_out=9), "norm": node("layer_norm", d_model="d_model")}
    return language_model(parts, "embed.y>up.x up.y>norm.x norm.y>head.x")


def misfit_of_heads() -> Document:
    parts = {"split": node("split_heads", n_heads=2), "other": node("split_heads", n_heads=4)}
    text = "embed.y>split.x embed.y>other.x split.y>core.q other.y>core.k other.y>core.v core.y>merge.x merge.y>head.x"
    return language_model({**parts, "core": node("attention_core", mask="causal"), "merge": node("merge_heads")}, text)


def misfit_of_rank() -> Document:
    parts = {"pool": node("pool"), "add": node("residual_add")}
    return language_model(parts, "embed.y>add.x embed.y>pool.x pool.pooled>add.update add.sum>head.x")


def misfit_at_the_output() -> Document:
    model = language_model()
    return model.with_definition(model.main.with_nodes({"logits": end("output", "logits B T 12")}))


def misfit_from_an_input() -> Document:
    nodes = {
        "x": end("input", "hidden B T 5"),
        "head": node("lm_head", d_model="d_model"),
        "y": end("output", "logits B T V"),
    }
    return document(nodes, "x.value>head.x head.logits>y.value", d_model=8)


def misfit_inside() -> Document:
    part = definition(
        "part",
        {"x": end("input", HIDDEN), "norm": node("layer_norm", d_model=3), "y": end("output", HIDDEN)},
        "x.value>norm.x norm.y>y.value",
        d_model=8,
    )
    nodes = {"x": end("input", "hidden B T 8"), "part": node("part", d_model=8), "y": end("output", "logits B T 8")}
    return document(nodes, "x.value>part.x part.y>y.value", part)


def kinds() -> Document:
    nodes = {
        "tokens": end("input", IDS),
        "head": node("lm_head", d_model="d_model"),
        "y": end("output", "logits B T V"),
    }
    return document(nodes, "tokens.value>head.x head.logits>y.value", d_model=8)


def uneven() -> Document:
    return through(("split", node("split_heads", n_heads=3)), ("merge", node("merge_heads")))


def uneven_inside() -> Document:
    return templates.build("gpt2", d_model=100, n_heads=8)


def grouped(n_heads: int, n_kv_heads: int) -> Document:
    """Attention with fewer heads of keys and values than of queries."""
    parts = {
        "q": node("split_heads", n_heads=n_heads),
        "narrow": node("linear", d_in="d_model", d_out=n_kv_heads * (8 // n_heads)),
        "k": node("split_heads", n_heads=n_kv_heads),
        "core": node("attention_core", mask="causal"),
        "merge": node("merge_heads"),
    }
    text = "embed.y>q.x embed.y>narrow.x narrow.y>k.x q.y>core.q k.y>core.k k.y>core.v core.y>merge.x merge.y>head.x"
    return language_model(parts, text)


def uneven_groups() -> Document:
    return grouped(n_heads=4, n_kv_heads=3)


def uneven_turn() -> Document:
    split, merge = node("split_heads", n_heads=8), node("merge_heads")
    return through(("split", split), ("rope", node("rope")), ("merge", merge))


def too_many_experts_asked_for() -> Document:
    router = node("router", d_model="d_model", n_experts=4, top_k=6)
    experts = node("experts", d_model="d_model", n_experts=4, d_ff=8)
    text = "embed.y>router.x embed.y>experts.x router.weights>experts.weights experts.y>head.x"
    return language_model({"router": router, "experts": experts}, text)


def unreadable_shape() -> Document:
    model = language_model()
    return model.with_definition(model.main.with_nodes({"logits": end("output", "logits B T [2]")}))


def open_input() -> Document:
    return language_model({"norm": node("layer_norm", d_model="d_model")}, "norm.y>head.x")


def open_ids() -> Document:
    nodes = {"embed": node("token_embedding"), "head": node("lm_head"), "y": end("output", "logits B T V")}
    return document(nodes, "embed.y>head.x head.logits>y.value")


def open_pixels() -> Document:
    nodes = {
        "patches": node("patch_embedding", d_model="d_model"),
        "head": node("lm_head", d_model="d_model"),
        "y": end("output", "logits B N V"),
    }
    return document(nodes, "patches.y>head.x head.logits>y.value", d_model=8)


def missing_block() -> Document:
    return through(("flash", node("flash_attention")))


def unknown_symbol() -> Document:
    return through(("norm", node("layer_norm", d_model="d_modle")))


def new_symbol() -> Document:
    return through(("drop", node("dropout", p="share")))


def unknown_setting() -> Document:
    return through(("norm", node("layer_norm", d_model="d_model", width=3)))


def unreadable_setting() -> Document:
    return through(("norm", node("layer_norm", d_model="d_model[0]")))


def out_of_range() -> Document:
    return through(("drop", node("dropout", p=1.5)))


def wrong_choice() -> Document:
    return through(("act", node("activation", function=3)))


def out_of_range_by_symbol() -> Document:
    model = through(("drop", node("dropout", p="share")))
    share = Symbol(name="share", value=2.0, type=float, setting=Setting("Share."))
    return model.with_definition(model.main.with_symbols([*model.main.symbols, share]))


def dead() -> Document:
    return language_model({"norm": node("layer_norm", d_model="d_model")}, "embed.y>norm.x embed.y>head.x")


def unfed_output() -> Document:
    model = language_model()
    wire = model.main.wires_at(["logits"])
    return model.with_definition(model.main.without_wires(wire))


def no_output() -> Document:
    model = language_model()
    return model.with_definition(model.main.without_nodes(["logits"]))


def unused_input() -> Document:
    return language_model({"padding": end("input", "mask B T?")})


def circle() -> Document:
    parts = {"a": node("residual_add"), "b": node("dropout")}
    return language_model(parts, "embed.y>a.x b.y>a.update a.sum>b.x a.sum>head.x")


def recursion() -> Document:
    part = definition(
        "part",
        {"x": end("input", HIDDEN), "again": node("part", d_model="d_model"), "y": end("output", HIDDEN)},
        "x.value>again.x again.y>y.value",
        d_model=8,
    )
    nodes = {"x": end("input", "hidden B T 8"), "part": node("part", d_model=8), "y": end("output", "logits B T 8")}
    return document(nodes, "x.value>part.x part.y>y.value", part)


def bad_id() -> Document:
    return through(("forward", node("dropout")))


def _widening() -> Definition:
    nodes = {
        "x": end("input", "hidden B T 8"),
        "up": node("linear", d_in=8, d_out=9),
        "y": end("output", "hidden B T 9"),
    }
    return definition("widen", nodes, "x.value>up.x up.y>y.value")


def repeated(**changes: object) -> Document:
    model = language_model({"ffn": node("feed_forward", d_model="d_model")}, "embed.y>ffn.x ffn.y>head.x")
    return model.with_definition(model.main.with_nodes({"ffn": replace(model.main.nodes["ffn"], **changes)}))  # type: ignore[arg-type]


def no_carry() -> Document:
    return repeated(repeat=3)


def unknown_carry() -> Document:
    return repeated(repeat=3, carry=("x", "z"))


def too_few_layers() -> Document:
    return repeated(repeat=0, carry=("x", "y"))


def odd_layer() -> Document:
    return repeated(repeat=3, carry=("x", "y"), overrides={1: {"d_model": 12}})


def growing() -> Document:
    part = Node(kind="widen", repeat=2, carry=("x", "y"))
    nodes = {"x": end("input", "hidden B T 8"), "part": part, "y": end("output", "logits B T 9")}
    return document(nodes, "x.value>part.x part.y>y.value", _widening())


def repeated_block() -> Document:
    return through(("drop", Node(kind="dropout", repeat=2)))


def tie_astray() -> Document:
    return replace(language_model(), ties=(("head.wieght", "embed.weight"),))


def tie_of_shapes() -> Document:
    parts = {"other": node("linear", d_in="d_model", d_out="d_model")}
    return replace(language_model(parts, "embed.y>other.x other.y>head.x"), ties=(("other.weight", "embed.weight"),))


def future() -> Document:
    model = templates.build("gpt2", d_model=16, n_heads=2)
    blocks = model.main.nodes["blocks"]
    open_blocks = replace(blocks, settings={**blocks.settings, "mask": "none"})
    return model.with_definition(model.main.with_nodes({"blocks": open_blocks}))


def loose_wire() -> Document:
    return language_model(
        {"norm": node("layer_norm", d_model="d_model")}, "embed.y>head.x embed.y>norm.x norm.z>head.y"
    )


def watched() -> Document:
    parts = {
        "split": node("split_heads", n_heads=2),
        "core": node("attention_core", mask="causal"),
        "merge": node("merge_heads"),
    }
    text = "embed.y>split.x split.y>core.q split.y>core.k split.y>core.v core.weights>merge.x merge.y>head.x"
    return language_model(parts, text)


def doubled() -> Document:
    return language_model({"drop": node("dropout")}, "embed.y>drop.x drop.y>head.x embed.y>head.x")


def no_logits() -> Document:
    nodes = {"tokens": end("input", IDS), "head": node("linear", d_in=8, d_out=11), "y": end("output", "hidden B T 11")}
    embed = {"embed": node("token_embedding", d_model=8, vocab_size=11)}
    return document({**nodes, **embed}, "tokens.value>embed.tokens embed.y>head.x head.y>y.value")


def valueless_symbol() -> Document:
    model = language_model()
    symbols = [Symbol(name="d_model", value="2*width"), *model.main.symbols[1:]]
    return model.with_definition(model.main.with_symbols(symbols))


def needs_optional() -> Document:
    model = language_model()
    return model.with_definition(model.main.with_nodes({"tokens": end("input", f"{IDS}?")}))


def needs_optional_inside() -> Document:
    nodes = {
        "x": end("input", "hidden B T 8"), "memory": end("input", "hidden B S 8?"),
        "cross": node("decoder_block", d_model=8, n_heads=2), "y": end("output", "logits B T 8"),
    }  # fmt: skip
    return document(nodes, "x.value>cross.x memory.value>cross.memory cross.y>y.value")


def too_large() -> Document:
    return templates.build("gpt2", d_model=100_000, n_heads=8, n_layers=50)


def tables_too_large() -> Document:
    far = node("sinusoidal_positions", d_model="d_model", max_len=10**9)
    return language_model({"far": far}, "embed.y>far.x far.y>head.x")


def unfolds_too_far() -> Document:
    return unfolding(levels=11, width=4)


def uses_that_all_differ() -> Document:
    return varied(levels=9, ways=3)


BROKEN: dict[str, tuple[Make, ...]] = {
    "S001": (
        misfit, misfit_of_a_literal_source, misfit_of_heads, misfit_of_rank, misfit_at_the_output,
        misfit_from_an_input, misfit_inside,
    ),
    "S002": (kinds,),
    "S003": (uneven, uneven_inside, uneven_groups, uneven_turn),
    "S004": (unreadable_shape,),
    "R001": (open_input, open_ids, open_pixels),
    "R002": (missing_block,),
    "R003": (unknown_symbol, new_symbol, unknown_setting, unreadable_setting),
    "R004": (out_of_range, wrong_choice, out_of_range_by_symbol, too_many_experts_asked_for),
    "R005": (dead,),
    "R006": (unfed_output,),
    "R007": (no_output,),
    "R008": (unused_input,),
    "R009": (circle,),
    "R010": (recursion,),
    "R011": (bad_id,),
    "R012": (no_carry, unknown_carry, too_few_layers, odd_layer, growing, repeated_block),
    "R013": (tie_astray, tie_of_shapes),
    "R014": (future,),
    "R015": (loose_wire, watched),
    "R016": (doubled,),
    "R017": (no_logits,),
    "R018": (valueless_symbol,),
    "R020": (too_large, tables_too_large),
    "R021": (positions.positions_added_twice,),
    "R022": (positions.tokens_embedded_twice,),
    "R023": (streams.layers_shared_by_accident,),
    "R024": (scores.double_softmax, scores.softmax_of_the_logits),
    "R025": (residuals.dropout_of_everything,),
    "R026": (scores.rotary_queries_alone,),
    "R027": (residuals.feed_forward_without_an_activation,),
    "R028": (scores.relu_on_the_logits, scores.dropout_of_the_logits),
    "R029": (scores.rotary_values, scores.rotary_values_from_primitives, scores.turned_keys_as_values),
    "R030": (
        positions.encoder_that_measures_one_side, positions.bert_that_measures_one_side,
        positions.drawn_encoder_that_measures_one_side,
    ),
    "R031": (positions.decoder_that_measures_both_sides, positions.drawn_decoder_that_measures_both_sides),
    "R032": (
        residuals.stream_added_twice, residuals.stream_added_round_blocks_that_add_it,
        residuals.attention_that_adds_its_stream_itself, residuals.sum_in_a_composite_of_its_own,
        residuals.parallel_sublayers_that_both_have_the_stream, positions.positions_added_to_the_token_again,
    ),
    "R033": (
        streams.head_tied_to_positions, streams.positions_tied_to_a_head_that_fills_in,
        streams.positions_tied_to_a_tied_head, streams.head_tied_to_a_projection,
        streams.head_tied_to_another_vocabulary,
    ),
    "R034": (unfolds_too_far, uses_that_all_differ),
    "R019": (needs_optional, needs_optional_inside),
}  # fmt: skip
CASES = [(code, make) for code, makes in BROKEN.items() for make in makes]
