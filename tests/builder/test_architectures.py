"""Templates that no checkpoint is read for, against `transformers`; others are in tests/builder/checkpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

import builder
from tests.builder.checkpoints.hugging import far, ids, made, padding
from tests.builder.small_models import noise

SHORT = {
    r"\blayers\.": "blocks.", r"\bo_proj": "out_proj", "input_layernorm": "attn_norm", "layernorm_before": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "layernorm_after": "ffn_norm", "self_attn|attention": "attn",
}  # fmt: skip
MIXTRAL = {r"^model\.": "", **SHORT, "embed_tokens": "tok_emb", r"mlp\.gate\.": "router.", r"mlp\.experts": "experts"}
VIT = {
    r"^vit\.(embeddings\.)?": "", **SHORT, "cls_token": "cls.weight", "position_embeddings": "pos_emb.weight",
    r"patch_embeddings\.projection": "patch_emb", r"^layernorm": "norm", "^classifier": "head",
    r"mlp\.fc1": "ffn.up", r"mlp\.fc2": "ffn.down",
}  # fmt: skip


def renamed(model: nn.Module, table: Mapping[str, str]) -> dict[str, Tensor]:
    found = {}
    for name, tensor in model.state_dict().items():
        for theirs, ours in table.items():
            name = re.sub(theirs, ours, name)
        found[name] = tensor
    return found


@torch.no_grad()
def test_the_mixture_of_experts_is_mixtral() -> None:
    theirs = made(
        "MixtralForCausalLM", vocab_size=50, hidden_size=32, intermediate_size=20, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, num_local_experts=5, num_experts_per_tok=3, sliding_window=None,
        rope_parameters={"rope_type": "default", "rope_theta": 700.0}, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    sizes = {"vocab_size": 50, "d_model": 32, "d_ff": 20, "n_layers": 2, "n_experts": 5, "top_k": 3, "theta": 700.0}
    mine = builder.compile_document(builder.templates.build("moe", **sizes)).eval()
    weights = renamed(theirs, MIXTRAL)
    for path in [path for path in weights if path.endswith("gate_up_proj")]:
        both = weights.pop(path).chunk(2, dim=1)
        weights |= zip((path.replace("gate_up", "gate"), path.replace("gate_up", "up")), both, strict=True)

    mine.load_state_dict(weights)

    tokens, kept = ids(50), padding()
    assert far(mine(tokens=tokens), theirs(tokens).logits) <= 1e-5
    wanted = theirs(tokens, attention_mask=kept.long()).logits
    assert far(mine(tokens=tokens, padding=kept)[kept], wanted[kept]) <= 1e-5


@torch.no_grad()
def test_the_vision_transformer_is_that_of_the_paper() -> None:
    theirs = made(
        "ViTForImageClassification", hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=20,
        image_size=12, patch_size=3, num_channels=2, num_labels=5,
    )  # fmt: skip
    sizes = {"image_size": 12, "patch": 3, "channels": 2, "n_classes": 5, "d_model": 32, "d_ff": 20, "n_layers": 2}
    mine = builder.compile_document(builder.templates.build("vit", **sizes)).eval()
    weights = renamed(theirs, VIT)

    mine.load_state_dict({path: w.view_as(mine.state_dict()[path]) for path, w in weights.items()})

    pixels = noise(3, 2, 12, 12)
    assert far(mine(pixels=pixels), theirs(pixels).logits) <= 1e-5
