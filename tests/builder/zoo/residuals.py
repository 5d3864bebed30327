"""Wrong residual streams and norms."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import HIDDEN, definition, end, node
from tests.builder.zoo.base import changed, gpt, logits_through, reader, setting, translator, wrong


@wrong("C014", "gpt_block/attn")
def dropped_residual_of_attention() -> Document:
    """What comes out of attention takes the place of the stream."""
    return changed(gpt(), "gpt_block", gone=("attn_add",), add="attn.y>ffn_norm.x attn.y>ffn_add.x")


@wrong("C014", "gpt_block/ffn")
def dropped_residual_of_the_feed_forward() -> Document:
    """What comes out of the feed-forward takes the place of the stream."""
    return changed(gpt(), "gpt_block", gone=("ffn_add",), add="ffn.y>y.value")


@wrong("C014", "encoder_block/attn")
def dropped_residual_in_an_encoder() -> Document:
    """A post-norm block without its first sum."""
    return changed(reader(), "encoder_block", gone=("attn_add",), add="attn.y>attn_norm.x")


@wrong("C014", "encoder_block/ffn")
def dropped_residual_of_an_encoder_s_feed_forward() -> Document:
    """A post-norm block without its second sum."""
    return changed(reader(), "encoder_block", gone=("ffn_add",), add="ffn.y>ffn_norm.x")


@wrong("C014", "decoder_block/cross")
def dropped_residual_of_cross_attention() -> Document:
    """After the look at the memory, what the decoder has written is lost."""
    return changed(translator(), "decoder_block", gone=("cross_add",), add="cross.y>cross_norm.x")


@wrong("C014", "gpt_block/attn")
def residual_around_the_norm() -> Document:
    """The way round leads round the norm, and attention is on both."""
    nodes = {"attn_add": node("residual_add")}
    drop = "x.value>attn_add.x attn.y>attn_add.update attn_norm.y>attn.x attn_add.sum>ffn_norm.x attn_add.sum>ffn_add.x"
    add = "x.value>attn_add.x attn_norm.y>attn_add.update attn_add.sum>attn.x attn.y>ffn_norm.x attn.y>ffn_add.x"
    return changed(gpt(), "gpt_block", drop=drop, add=add, nodes=nodes)


@wrong("C014", "gpt_block/attn")
def attention_added_to_itself() -> Document:
    """Both ends of the sum hang on attention."""
    return changed(gpt(), "gpt_block", drop="x.value>attn_add.x", add="attn.y>attn_add.x")


@wrong("C014", "gpt_block/x.value>ffn_add.x")
def attention_left_out_of_the_stream() -> Document:
    """The second sum begins where the first did, so that only the feed-forward hears of attention."""
    return changed(gpt(), "gpt_block", drop="attn_add.sum>ffn_add.x", add="x.value>ffn_add.x")


@wrong("C014", "encoder_block/x.value>ffn_add.x")
def attention_left_out_of_an_encoder_s_stream() -> Document:
    """The same with norms behind the sums."""
    return changed(reader(), "encoder_block", drop="attn_norm.y>ffn_add.x", add="x.value>ffn_add.x")


@wrong("C014", "decoder_block/attn_norm.y>ffn_add.x")
def memory_left_out_of_the_stream() -> Document:
    """Only the feed-forward of a decoder hears of its memory."""
    return changed(translator(), "decoder_block", drop="cross_skip.y>ffn_add.x", add="attn_norm.y>ffn_add.x")


@wrong("C018", "model/blocks.y>lm_head.x")
def no_last_norm() -> Document:
    """A pre-norm model whose head reads the sum of all layers as it is."""
    return changed(gpt(), "model", gone=("ln_f",), add="blocks.y>lm_head.x")


@wrong("S001", "gpt_block/x.value>attn_norm.x")
def norm_of_another_width() -> Document:
    """A norm for vectors of another width."""
    return setting(gpt(), "gpt_block", "attn_norm", d_model=12)


@wrong("C011", "model/loud")
def values_blown_up() -> Document:
    """Something before the head multiplies by a thousand."""
    nodes = {"loud": node("scale", factor=1000.0)}
    return changed(gpt(), "model", nodes=nodes, drop="ln_f.y>lm_head.x", add="ln_f.y>loud.x loud.y>lm_head.x")


@wrong("C017", "model", mended=False)
def logits_too_small_to_choose() -> Document:
    """All logits are divided by a thousand, so that every answer stays about equally likely."""
    return logits_through(hush=node("scale", factor=0.001))


@wrong("C009", "gpt_block/mute")
def attention_times_zero() -> Document:
    """What attention finds out is multiplied by zero."""
    nodes = {"mute": node("scale", factor=0.0)}
    return changed(
        gpt(), "gpt_block", nodes=nodes, drop="attn.y>attn_add.update", add="attn.y>mute.x mute.y>attn_add.update"
    )


@wrong("R025", "gpt_block/attn_add")
def dropout_of_everything() -> Document:
    """Every update is dropped in training."""
    return setting(gpt(), "gpt_block", "attn_add", dropout=1.0)


@wrong("C018", "gpt_block/attn_add.sum>ffn.x")
def sublayer_without_its_norm() -> Document:
    """The feed-forward of a pre-norm block reads the stream as it is."""
    return changed(gpt(), "gpt_block", gone=("ffn_norm",), add="attn_add.sum>ffn.x")


@wrong("C018", "gpt_block/x.value>attn.x")
def attention_without_its_norm() -> Document:
    """Attention of a pre-norm block reads the stream as it is."""
    return changed(gpt(), "gpt_block", gone=("attn_norm",), add="x.value>attn.x")


@wrong("C018", "encoder_block/x.value>attn.x")
def post_norm_block_without_its_second_norm() -> Document:
    """What a layer hands to the next is a bare sum."""
    return changed(reader(), "encoder_block", gone=("ffn_norm",), add="ffn_add.sum>y.value")


@wrong("R027", "feed_forward/down")
def feed_forward_without_an_activation() -> Document:
    """Two projections with nothing between are one."""
    return changed(gpt(), "feed_forward", gone=("act",), add="up.y>down.x")


@wrong("R032", "gpt_block/again")
def stream_added_twice() -> Document:
    """What comes in is added to the sum that has it: x + (x + f(x))."""
    drop = "attn_add.sum>ffn_norm.x attn_add.sum>ffn_add.x"
    add = "x.value>again.x attn_add.sum>again.update again.sum>ffn_norm.x again.sum>ffn_add.x"
    return changed(gpt(), "gpt_block", nodes={"again": node("residual_add")}, drop=drop, add=add)


@wrong("R032", "model/again")
def stream_added_round_blocks_that_add_it() -> Document:
    """The same across the edge of a composite: all layers are added to what they were added to."""
    add = "emb_drop.y>again.x blocks.y>again.update again.sum>ln_f.x"
    return changed(gpt(), "model", nodes={"again": node("residual_add")}, drop="blocks.y>ln_f.x", add=add)


@wrong("R032", "encoder_block/attn_add")
def attention_that_adds_its_stream_itself() -> Document:
    """The residual is in the attention and around it."""
    nodes = {"keep": node("residual_add")}
    add = "x.value>keep.x out_proj.y>keep.update keep.sum>y.value"
    return changed(reader(), "multi_head_attention", nodes=nodes, drop="out_proj.y>y.value", add=add)


@wrong("R032", "join/both")
def sum_in_a_composite_of_its_own() -> Document:
    """The second sum is a composite, which gets the stream and what has it already."""
    nodes = {
        "a": end("input", HIDDEN), "b": end("input", HIDDEN), "both": node("add"), "y": end("output", HIDDEN)
    }  # fmt: skip
    join = definition("join", nodes, "a.value>both.a b.value>both.b both.y>y.value", d_model=16)
    add = "emb_drop.y>join.a blocks.y>join.b join.y>ln_f.x"
    uses = {"join": node("join", d_model="d_model")}
    return changed(gpt().with_definition(join), "model", nodes=uses, drop="blocks.y>ln_f.x", add=add)


@wrong("R032", "gpt_block/both")
def parallel_sublayers_that_both_have_the_stream() -> Document:
    """Attention and feed-forward are added to the stream each, and then to each other."""
    drop = "attn_add.sum>ffn_norm.x attn_add.sum>ffn_add.x ffn_add.sum>y.value"
    add = "x.value>ffn_norm.x x.value>ffn_add.x attn_add.sum>both.a ffn_add.sum>both.b both.y>y.value"
    return changed(gpt(), "gpt_block", nodes={"both": node("add")}, drop=drop, add=add)
