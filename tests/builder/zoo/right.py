"""Graphs that are right, though some look odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from builder import templates
from builder.document import Document, Promise
from builder.edits import AddAdapter, SetRepeat, Ungroup
from builder.library import with_library
from tests.builder.drawn import end, language_model, node
from tests.builder.zoo.base import (
    SMALL,
    bert,
    changed,
    drawn_gpt,
    drawn_reader,
    gpt,
    llama,
    logits_through,
    reader,
    setting,
    sorter,
    t5,
    translator,
    writer_with_a_linear_head,
)

ATTENTION = "multi_head_attention"
RIGHT: list[Callable[[], Document]] = []


def right(make: Callable[[], Document]) -> Callable[[], Document]:
    """Put a drawing among the right ones."""
    RIGHT.append(make)
    return make


@right
def pre_norm() -> Document:
    return gpt()


@right
def post_norm_that_writes() -> Document:
    """Encoder blocks with a causal mask."""
    blocks = gpt().main.nodes["blocks"]
    settings = {**blocks.settings, "mask": "causal"}
    return changed(
        with_library(gpt(), "encoder_block"),
        "model",
        nodes={"blocks": replace(blocks, kind="encoder_block", settings=settings)},
    )


@right
def grouped_queries() -> Document:
    return templates.build("llama", **{**SMALL, "n_heads": 4}, n_kv_heads=2)


@right
def one_head_of_keys() -> Document:
    return llama()


@right
def no_positions_but_a_causal_mask() -> Document:
    """NoPE: order comes from who may look at whom (Kazemnejad et al., arXiv:2305.19466)."""
    return changed(gpt(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")


@right
def one_layer_without_positions() -> Document:
    """A single layer knows what came before and not in which order, and that is how it is meant."""
    return changed(gpt(n_layers=1), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")


@right
def sinusoidal_positions() -> Document:
    return changed(
        gpt(), "model", nodes={"pos_emb": node("sinusoidal_positions", d_model="d_model", max_len="max_len")}
    )


@right
def linear_biases() -> Document:
    """ALiBi in place of positions."""
    bare = changed(gpt(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")
    slopes = {"slopes": node("alibi", n_heads="n_heads")}
    return changed(bare, "multi_head_attention", nodes=slopes, add="x.value>slopes.x slopes.bias>core.bias")


@right
def attention_from_primitives() -> Document:
    return drawn_gpt()


@right
def a_reader_from_primitives() -> Document:
    return drawn_reader()


@right
def prefix_that_ends() -> Document:
    """The first positions see each other, the others what came before (Raffel et al., arXiv:1910.10683)."""
    return setting(drawn_gpt(), "attention_from_primitives", "mask", pattern="prefix", prefix=2)


@right
def prefix_in_the_core() -> Document:
    return setting(gpt(), "multi_head_attention", "core", prefix=3)


@right
def sliding_window() -> Document:
    return setting(gpt(), "multi_head_attention", "core", window=8)


@right
def sliding_window_from_primitives() -> Document:
    return setting(drawn_gpt(), "attention_from_primitives", "mask", pattern="sliding_window", window=3)


@right
def sinks() -> Document:
    return setting(gpt(), "multi_head_attention", "core", sinks=True, n_heads="n_heads")


@right
def shared_layers() -> Document:
    """All layers are one (Lan et al., arXiv:1909.11942)."""
    blocks = gpt().main.nodes["blocks"]
    return changed(gpt(), "model", nodes={"blocks": replace(blocks, shared=True)})


@right
def layers_that_differ() -> Document:
    blocks = gpt(n_layers=5).main.nodes["blocks"]
    return changed(gpt(n_layers=5), "model", nodes={"blocks": replace(blocks, overrides={3: {"d_ff": 24}})})


@right
def untied_head_on_purpose() -> Document:
    return replace(gpt(), ties=())


@right
def one_embedding_for_two_streams() -> Document:
    return translator()


@right
def a_decoder_that_answers_a_filled_in_source() -> Document:
    return templates.build("t5", **SMALL)


@right
def a_reader_that_takes_the_first_token() -> Document:
    return setting(reader(), "model", "pool", how="first")


@right
def a_reader_that_takes_the_last_token() -> Document:
    return setting(reader(), "model", "pool", how="last")


@right
def a_set_without_positions() -> Document:
    """A bag of tokens, said to be one."""
    bare = changed(reader(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")
    return replace(bare, promises=(Promise(code="C006", why="The tokens are a set."),))


@right
def a_set_that_is_sorted() -> Document:
    """The encoder of a model that sorts has no positions: digits come in the same order whatever theirs was."""
    return sorter()


@right
def a_writer_with_a_linear_head() -> Document:
    return writer_with_a_linear_head()


@right
def a_reader_that_answers_with_numbers() -> Document:
    head = node("regression_head", d_model="d_model", n_outputs="n_classes")
    return changed(reader(), "model", nodes={"head": head})


@right
def a_reader_that_finds_spans() -> Document:
    nodes = {"head": node("span_head", d_model="d_model"), "logits": end("output", "logits B T 2")}
    return changed(reader(), "model", nodes=nodes, gone=("pool",), add="blocks.y>head.x")


@right
def parallel_sublayers() -> Document:
    """Attention and feed-forward side by side, as in GPT-J."""
    model = changed(gpt(), "gpt_block", gone=("ffn_norm", "attn_add"), nodes={"both": node("add")})
    drop, add = (
        "ffn.y>ffn_add.update",
        "attn_norm.y>ffn.x attn.y>both.a ffn.y>both.b both.y>ffn_add.update x.value>ffn_add.x",
    )
    return changed(model, "gpt_block", drop=drop, add=add)


@right
def parallel_sublayers_added_one_by_one() -> Document:
    """Both sublayers read the stream as it came in, and are added one after the other."""
    return changed(gpt(), "gpt_block", drop="attn_add.sum>ffn_norm.x", add="x.value>ffn_norm.x")


@right
def norm_of_roots() -> Document:
    here = gpt()
    for at, name in (("gpt_block", "attn_norm"), ("gpt_block", "ffn_norm"), ("model", "ln_f")):
        here = changed(here, at, nodes={name: node("rms_norm", d_model="d_model")})
    return here


@right
def gated_feed_forward() -> Document:
    model = with_library(gpt(), "glu_feed_forward")
    ffn = node("glu_feed_forward", d_model="d_model", d_ff="d_ff")
    return changed(model, "gpt_block", nodes={"ffn": ffn})


@right
def mixture_of_experts() -> Document:
    return templates.build("moe", **SMALL)


@right
def nothing_but_a_head() -> Document:
    """Tokens, an embedding and a head: a bigram model."""
    return language_model()


@right
def one_attention_without_a_stream() -> Document:
    """A single look at what came before, without residuals and norms: the smallest example there is."""
    attention = node("multi_head_attention", d_model="d_model", n_heads=2, mask="causal")
    return language_model({"attn": attention}, "embed.y>attn.x attn.y>head.x")


@right
def adapters() -> Document:
    """LoRA on the queries: its second matrix starts at zero, and its weight is frozen."""
    lora = node("lora_linear", d_in="d_model", d_out="d_model", bias="bias", rank=2)
    return changed(gpt(), "multi_head_attention", nodes={"q_proj": lora})


@right
def adapter_around_a_tied_head() -> Document:
    """The table of tokens is frozen with the head's matrix, which it is."""
    return AddAdapter(nodes=("lm_head",), rank=2).apply(gpt())


@right
def adapter_around_a_router() -> Document:
    """The router's matrix is frozen; experts are still chosen equally often."""
    return AddAdapter(nodes=("router",), rank=2, at="moe_block").apply(templates.build("tiny_moe"))


@right
def a_head_that_fills_in() -> Document:
    return bert()


@right
def images() -> Document:
    return templates.build("vit")


@right
def answers_of_many_sizes() -> Document:
    """A model whose logits are declared by number."""
    model = gpt(vocab_size=300)
    return changed(model, "model", nodes={"logits": end("output", "logits B T 300")})


@right
def norm_behind_each_sublayer() -> Document:
    """The norm stands between a sublayer and its sum, as in Swin v2 and OLMo 2."""
    drop = "x.value>attn_norm.x attn_norm.y>attn.x attn.y>attn_add.update "
    drop += "attn_add.sum>ffn_norm.x ffn_norm.y>ffn.x ffn.y>ffn_add.update"
    add = "x.value>attn.x attn.y>attn_norm.x attn_norm.y>attn_add.update "
    add += "attn_add.sum>ffn.x ffn.y>ffn_norm.x ffn_norm.y>ffn_add.update"
    return changed(gpt(), "gpt_block", drop=drop, add=add)


@right
def low_rank_projection() -> Document:
    """Two projections with few features between them."""
    parts = {"narrow": node("linear", d_in="d_model", d_out=4), "wide": node("linear", d_in=4, d_out="d_ff")}
    return changed(
        gpt(), "feed_forward", nodes=parts, gone=("up",), add="x.value>narrow.x narrow.y>wide.x wide.y>act.x"
    )


@right
def no_norms_at_all() -> Document:
    """A model without norms is not asked where they are."""
    model = changed(gpt(), "gpt_block", gone=("attn_norm", "ffn_norm"), add="x.value>attn.x attn_add.sum>ffn.x")
    return changed(model, "model", gone=("ln_f",), add="blocks.y>lm_head.x")


@right
def text_shifted_to_the_right() -> Document:
    """Each position gets the vector of the one before it."""
    nodes = {"first": node("slice", stop=1), "rest": node("slice", stop=-1), "both": node("concat", axis="positions")}
    add = "tok_emb.y>rest.x tok_emb.y>first.x first.y>both.a rest.y>both.b both.y>pos_emb.x"
    return changed(gpt(), "model", nodes=nodes, drop="tok_emb.y>pos_emb.x", add=add)


@right
def scale_written_as_a_number() -> Document:
    """Heads of 64 features, and 1/8 in the core: in a small copy that is not 1/√K."""
    return setting(gpt(d_model=128), "multi_head_attention", "core", scale=0.125)


@right
def queries_scaled_before_the_product() -> Document:
    nodes = {"scale": node("scale", d="d_model//n_heads", power=-0.5)}
    drop = "scale.y>mask.scores compare.y>scale.x q_heads.y>compare.a"
    add = "q_heads.y>scale.x scale.y>compare.a compare.y>mask.scores"
    return changed(drawn_gpt(), "attention_from_primitives", nodes=nodes, drop=drop, add=add)


@right
def capped_logits() -> Document:
    """Logits between -30 and 30 by tanh, as in Gemma 2 (arXiv:2408.00118)."""
    cool, warm = node("scale", factor=1 / 30), node("scale", factor=30.0)
    return logits_through(cool=cool, cap=node("activation", function="tanh"), warm=warm)


@right
def rotary_positions_from_primitives() -> Document:
    """Queries and keys are turned, values are not."""
    nodes = {"q_rope": node("rope"), "k_rope": node("rope")}
    drop = "q_heads.y>compare.a k_heads.y>compare.b"
    add = "q_heads.y>q_rope.x q_rope.y>compare.a k_heads.y>k_rope.x k_rope.y>compare.b"
    bare = changed(drawn_gpt(), "model", gone=("pos_emb",), add="tok_emb.y>emb_drop.x")
    return changed(bare, "attention_from_primitives", nodes=nodes, drop=drop, add=add)


@right
def a_memory_beside_distances_left_unscaled() -> Document:
    """A translator made like T5: distances and plain scores in its own streams, plain scores towards the memory."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads", bidirectional=False)}
    add = "x.value>distances.x distances.bias>core.bias"
    own = replace(translator().definition("multi_head_attention"), name="attention_with_distances")
    model = translator().with_definition(own)
    model = changed(model, own.name, nodes=nodes, add=add)
    for name in ("multi_head_attention", own.name, "cross_attention"):
        model = setting(model, name, "core", scale=1.0)
    block = model.definition("decoder_block").nodes["attn"]
    model = changed(model, "decoder_block", nodes={"attn": replace(block, kind=own.name)})
    both = {"distances": node("relative_bias", n_heads="n_heads")}
    return changed(model, "multi_head_attention", nodes=both, add=add)


@right
def t5_whose_decoder_is_ungrouped() -> Document:
    """All of the decoder's one layer lies in the model itself."""
    single = SetRepeat(node="decoder", repeat=None).apply(t5(n_layers=1))
    return Ungroup(node="cross", at="model").apply(Ungroup(node="decoder", at="model").apply(single))


@right
def distances_with_a_prefix() -> Document:
    """The first positions see each other, so both sides are told apart in a model that writes."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads")}
    add = "x.value>distances.x distances.bias>core.bias"
    return setting(changed(gpt(), ATTENTION, nodes=nodes, add=add), ATTENTION, "core", prefix=3)


@right
def one_attention_with_distances_for_both_streams() -> Document:
    """Encoder and decoder use the same attention, whose distances tell both sides apart."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads")}
    return changed(translator(), ATTENTION, nodes=nodes, add="x.value>distances.x distances.bias>core.bias")


@right
def sublayers_that_read_all_before_them() -> Document:
    """As in DenseNet (Huang et al., arXiv:1608.06993), with sums: each value is added once."""
    drop = "ffn.y>ffn_add.update attn.y>attn_add.update"
    nodes = {"found": node("add"), "more": node("linear", d_in="d_model", d_out="d_model")}
    add = "attn.y>attn_add.update attn.y>more.x ffn.y>found.a more.y>found.b found.y>ffn_add.update"
    return changed(gpt(), "gpt_block", nodes=nodes, drop=drop, add=add)


@right
def a_shared_expert_beside_others() -> Document:
    """What is the same for all tokens is added to what experts say, and both to the stream (arXiv:2401.06066)."""
    model = with_library(templates.build("moe", **SMALL), "glu_feed_forward")
    nodes = {"always": node("glu_feed_forward", d_model="d_model", d_ff="d_model"), "both": node("add")}
    add = "ffn_norm.y>always.x experts.y>both.a always.y>both.b both.y>ffn_add.update"
    return changed(model, "moe_block", nodes=nodes, drop="experts.y>ffn_add.update", add=add)


@right
def embedding_added_in_every_layer() -> Document:
    """Looped transformers hear their input again in each turn (Yang et al., arXiv:2311.12424)."""
    model = gpt()
    nodes = {"heard": end("input", "hidden B T d_model"), "hear": node("residual_add")}
    drop = "x.value>attn_norm.x x.value>attn_add.x"
    add = "x.value>hear.x heard.value>hear.update hear.sum>attn_norm.x hear.sum>attn_add.x"
    return changed(changed(model, "gpt_block", nodes=nodes, drop=drop, add=add), "model", add="emb_drop.y>blocks.heard")


@right
def a_way_round_all_post_norm_layers() -> Document:
    """The stream comes out of a norm, so what is added to it is another value."""
    add = "emb_drop.y>again.x blocks.y>again.update again.sum>last.x last.y>pool.x"
    nodes = {"again": node("residual_add"), "last": node("layer_norm", d_model="d_model")}
    return changed(reader(), "model", nodes=nodes, drop="blocks.y>pool.x", add=add)


@right
def an_embedding_tied_to_its_head() -> Document:
    """The same tie, written the other way round."""
    return replace(gpt(vocab_size=24), ties=(("tok_emb.weight", "lm_head.weight"),))


@right
def a_head_of_its_own_kind_that_is_tied() -> Document:
    """A linear block makes logits, and has the table of the tokens."""
    head = node("linear", d_in="d_model", d_out="vocab_size", bias=False)
    return changed(
        gpt(), "model", nodes={"lm_head": head}, drop="lm_head.logits>logits.value", add="lm_head.y>logits.value"
    )
