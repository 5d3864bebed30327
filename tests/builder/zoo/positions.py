"""Wrong positions and embeddings."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import bert, changed, gpt, reader, translator, wrong

SIZES = {"d_model": "d_model", "max_len": "max_len"}


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
