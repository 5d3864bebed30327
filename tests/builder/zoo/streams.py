"""Streams that are mixed up: memory, target, heads' sources, branches that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from builder.document import Document, Promise, Symbol
from tests.builder.drawn import node
from tests.builder.zoo.base import SMALL, bert, changed, gpt, reader, setting, sorter, translator, wrong


@wrong("C001", "model/target_drop.y>decoder.memory")
def decoder_that_reads_its_own_target() -> Document:
    """The memory of the decoder is the target, all of it."""
    return changed(
        translator(), "model", drop="encoder.y>decoder.memory source_padding.value>decoder.memory_padding",
        add="target_drop.y>decoder.memory",
    )  # fmt: skip


@wrong("C001", "decoder_block/attn_norm.y>cross.memory")
def block_that_looks_at_itself() -> Document:
    """Cross-attention of a decoder's block looks at its own stream."""
    drop = "memory.value>cross.memory memory_padding.value>cross.padding"
    return changed(translator(), "decoder_block", drop=drop, add="attn_norm.y>cross.memory")


@wrong("C007", "model/decoder.memory")
def memory_unused() -> Document:
    """The encoder is not wired to the decoder."""
    return changed(translator(), "model", drop="encoder.y>decoder.memory")


@wrong("R005", "model/encoder")
def encoder_that_leads_nowhere() -> Document:
    """The encoder reads for nothing."""
    return changed(translator(), "model", drop="encoder.y>decoder.memory")


@wrong("C009", "model/mute")
def memory_times_zero() -> Document:
    """What the encoder found out is multiplied by zero."""
    nodes = {"mute": node("scale", factor=0.0)}
    return changed(
        translator(),
        "model",
        nodes=nodes,
        drop="encoder.y>decoder.memory",
        add="encoder.y>mute.x mute.y>decoder.memory",
    )


@wrong("S001", "cross_attention/out_proj.y>y.value")
def queries_and_keys_of_swapped_streams() -> Document:
    """Cross-attention asks with the memory and finds in the target."""
    drop = "x.value>q_proj.x memory.value>k_proj.x memory.value>v_proj.x"
    add = "memory.value>q_proj.x x.value>k_proj.x x.value>v_proj.x"
    return changed(translator(), "cross_attention", drop=drop, add=add)


@wrong("S001", "model/lm_head.logits>logits.value")
def head_on_the_wrong_stream() -> Document:
    """The head reads the encoder."""
    return changed(translator(), "model", drop="decoder.y>lm_head.x", add="encoder.y>lm_head.x")


@wrong("R005", "model/blocks")
def head_on_the_embedding() -> Document:
    """The head reads past all layers."""
    return changed(gpt(), "model", drop="blocks.y>ln_f.x", add="emb_drop.y>ln_f.x")


@wrong("R005", "gpt_block/ffn")
def detached_branch() -> Document:
    """The feed-forward is computed and not added."""
    drop, add = "ffn.y>ffn_add.update", "ffn_norm.y>ffn_add.update"
    return changed(gpt(), "gpt_block", drop=drop, add=add)


@wrong("C008", "gpt_block/side")
def branch_that_learns_nothing() -> Document:
    """A branch that is multiplied by zero before it is added."""
    nodes = {
        "side": node("linear", d_in="d_model", d_out="d_model"),
        "mute": node("scale", factor=0.0),
        "join": node("add"),
    }
    add = "attn.y>side.x side.y>mute.x mute.y>join.b attn.y>join.a join.y>attn_add.update"
    return changed(gpt(), "gpt_block", nodes=nodes, drop="attn.y>attn_add.update", add=add)


@wrong("C010", "model/lm_head")
def untied_head() -> Document:
    """GPT-2 without its tie, of which it is required."""
    return replace(gpt(), ties=(), promises=(Promise(code="C010", why="GPT-2 ties its head."),))


@wrong("C010", "model/lm_head", mended=False)
def ties_in_a_row() -> Document:
    """The head is tied to an embedding that is tied on afterwards."""
    ties = (("lm_head.weight", "target_emb.weight"), ("target_emb.weight", "source_emb.weight"))
    return replace(translator(), ties=ties)


@wrong("C016", "model", mended=False)
def ties_in_a_row_counted() -> Document:
    """The same: two are counted off, and one storage is left over."""
    return ties_in_a_row()


@wrong("R013", "model/lm_head")
def tie_of_two_vocabularies() -> Document:
    """The head answers with more tokens than the embedding knows."""
    larger = setting(gpt(), "model", "lm_head", vocab_size="2*vocab_size")
    logits = larger.main.nodes["logits"]
    assert logits.port is not None
    port = replace(logits.port, shape="B T 2*vocab_size")
    return changed(larger, "model", nodes={"logits": replace(logits, port=port)})


def vocabulary_as_long_as_the_text(make: Callable[..., Document]) -> Document:
    """A model of as many positions as tokens, so that both tables have one shape."""
    return make(vocab_size=24, max_len=24)


@wrong("R033", "model/lm_head")
def head_tied_to_positions() -> Document:
    """The head scores tokens by the vectors of positions."""
    return replace(vocabulary_as_long_as_the_text(gpt), ties=(("lm_head.weight", "pos_emb.weight"),))


@wrong("R033", "model/head")
def positions_tied_to_a_head_that_fills_in() -> Document:
    """The same the other way round, in BERT."""
    return replace(vocabulary_as_long_as_the_text(bert), ties=(("pos_emb.weight", "head.decoder.weight"),))


@wrong("R033", "model/lm_head")
def positions_tied_to_a_tied_head() -> Document:
    """The head has the table of its tokens, and positions have it too."""
    model = vocabulary_as_long_as_the_text(gpt)
    return replace(model, ties=(*model.ties, ("pos_emb.weight", model.ties[0][1])))


@wrong("R033", "model/lm_head")
def head_tied_to_a_projection() -> Document:
    """The head is one with the feed-forward of the first layer, which happens to be as wide as the vocabulary."""
    return replace(gpt(d_ff=19), ties=(("lm_head.weight", "blocks.0.ffn.up.weight"),))


@wrong("R033", "model/lm_head")
def head_tied_to_another_vocabulary() -> Document:
    """A translator's head is tied to the tokens of the source, which are others, though equally many."""
    model = translator()
    words = Symbol(name="source_vocab_size", value=SMALL["vocab_size"])
    symbols = model.with_definition(model.main.with_symbols([*model.main.symbols, words]))
    other = setting(symbols, "model", "source_emb", vocab_size="source_vocab_size")
    return replace(other, ties=(("lm_head.weight", "source_emb.weight"),))


@wrong("R023", "model/blocks")
def layers_shared_by_accident() -> Document:
    """Layers share their weights, and yet one is told to differ."""
    model = gpt()
    blocks = replace(model.main.nodes["blocks"], shared=True, overrides={1: {"d_ff": 24}})
    return changed(model, "model", nodes={"blocks": blocks})


@wrong("C006", "model/first", mended=False)
def neighbours_in_a_set() -> Document:
    """An encoder without positions reads digits that are to be sorted, each together with the one before it."""
    nodes = {"first": node("slice", stop=1), "rest": node("slice", stop=-1), "both": node("add")}
    nodes["shifted"] = node("concat", axis="positions")
    drop, add = "source_emb.y>source_drop.x", "source_emb.y>rest.x source_emb.y>first.x first.y>shifted.a "
    add += "rest.y>shifted.b shifted.y>both.a source_emb.y>both.b both.y>source_drop.x"
    return changed(sorter(), "model", nodes=nodes, drop=drop, add=add)


@wrong("C006", "model/pos_emb")
def positions_in_a_set() -> Document:
    """A model that is required to be one of sets adds positions."""
    return replace(reader(), promises=(Promise(code="C006", why="The tokens are a set."),))


@wrong("C001", "model/both", mended=False)
def text_shifted_to_the_left() -> Document:
    """Each position gets the vector of the next one."""
    nodes = {"rest": node("slice", start=1), "first": node("slice", stop=1), "both": node("concat", axis="positions")}
    add = "tok_emb.y>rest.x tok_emb.y>first.x rest.y>both.a first.y>both.b both.y>pos_emb.x"
    return changed(gpt(), "model", nodes=nodes, drop="tok_emb.y>pos_emb.x", add=add)
