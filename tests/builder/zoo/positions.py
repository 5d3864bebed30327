"""Wrong positions and embeddings."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import bert, changed, drawn_gpt, drawn_reader, gpt, reader, setting, t5, translator, wrong

SIZES = {"d_model": "d_model", "max_len": "max_len"}
DRAWN = "attention_from_primitives"


@wrong("C005", "model/tok_emb")
def no_positions_in_an_encoder() -> Document:
    """A classifier for which every order of the tokens is the same."""
    return changed(reader(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")


@wrong("C005", "model/source_emb")
def no_positions_in_the_encoder_of_a_translator() -> Document:
    """The source is a bag of words."""
    return changed(translator(), "model", gone=("source_pos",), add="source_emb.y>source_drop.x")


@wrong("C005", "model/pos_emb")
def positions_after_the_norm() -> Document:
    """Positions are added after the last norm, where no attention follows."""
    nodes = {"pos_emb": node("learned_positions", **SIZES)}
    bare = changed(gpt(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")
    return changed(bare, "model", nodes=nodes, drop="ln_f.y>lm_head.x", add="ln_f.y>pos_emb.x pos_emb.y>lm_head.x")


@wrong("C005", "model/pos_emb")
def positions_after_the_blocks() -> Document:
    """A classifier is told where tokens stand when it has read them."""
    nodes = {"pos_emb": node("learned_positions", **SIZES)}
    bare = changed(reader(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")
    return changed(bare, "model", nodes=nodes, drop="blocks.y>pool.x", add="blocks.y>pos_emb.x pos_emb.y>pool.x")


@wrong("R021", "model/again")
def positions_added_twice() -> Document:
    """Learned and sinusoidal positions on one way."""
    nodes = {"again": node("sinusoidal_positions", **SIZES)}
    return changed(
        bert(), "model", nodes=nodes, drop="pos_emb.y>emb_norm.x", add="pos_emb.y>again.x again.y>emb_norm.x"
    )


@wrong("R022", "model/other")
def tokens_embedded_twice() -> Document:
    """Two tables for the same tokens, added."""
    nodes = {"other": node("token_embedding", vocab_size="vocab_size", d_model="d_model"), "both": node("residual_add")}
    add = "tokens.value>other.tokens tok_emb.y>both.x other.y>both.update both.sum>pos_emb.x"
    return changed(gpt(), "model", nodes=nodes, drop="tok_emb.y>pos_emb.x", add=add)


@wrong("C005", "model/tok_emb")
def bert_without_positions() -> Document:
    """Segments are left, but nothing says where a token stands."""
    return changed(bert(), "model", gone=("pos_emb",), add="seg_emb.y>emb_norm.x")


@wrong("R030", "model/encoder_distances")
def encoder_that_measures_one_side() -> Document:
    """All that stands to the right is equally far for T5's encoder."""
    return setting(t5(), "model", "encoder_distances", bidirectional=False)


@wrong("R030", "multi_head_attention/distances")
def bert_that_measures_one_side() -> Document:
    """Each layer of an encoder has distances of its own, and they are those of a decoder."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads", bidirectional=False)}
    return changed(bert(), "multi_head_attention", nodes=nodes, add="x.value>distances.x distances.bias>core.bias")


def drawn_distances(document: Document, *, bidirectional: bool) -> Document:
    """A relative bias, added to scores that are masked before."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads", bidirectional=bidirectional), "near": node("add")}
    add = "x.value>distances.x mask.y>near.a distances.bias>near.b near.y>softmax.x"
    return changed(document, DRAWN, nodes=nodes, drop="mask.y>softmax.x", add=add)


@wrong("R030", f"{DRAWN}/distances")
def drawn_encoder_that_measures_one_side() -> Document:
    """The same, drawn: the bias is added to scores whose mask hides padding alone."""
    return drawn_distances(drawn_reader(), bidirectional=False)


@wrong("R031", "model/decoder_distances")
def decoder_that_measures_both_sides() -> Document:
    """Half of the buckets are for keys that T5's decoder never sees."""
    return setting(t5(), "model", "decoder_distances", bidirectional=True)


@wrong("R031", f"{DRAWN}/distances")
def drawn_decoder_that_measures_both_sides() -> Document:
    """The same, drawn."""
    return drawn_distances(drawn_gpt(), bidirectional=True)


@wrong("R032", "model/both")
def positions_added_to_the_token_again() -> Document:
    """The block of positions adds the token's vector already."""
    add = "tok_emb.y>both.a pos_emb.y>both.b both.y>emb_drop.x"
    return changed(gpt(), "model", nodes={"both": node("add")}, drop="pos_emb.y>emb_drop.x", add=add)
