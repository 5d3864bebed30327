"""What is added to scores by distance, against transformers and against the papers."""

from __future__ import annotations

import pytest
import torch
from transformers import T5Config
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention

from engine.blocks.biases import Alibi, AlibiConfig, RelativeBias, RelativeBiasConfig, buckets
from engine.errors import SettingError


@pytest.mark.parametrize("sizes", [(32, 128), (8, 20), (31, 77)])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_buckets_are_those_of_t5(sizes: tuple[int, int], bidirectional: bool) -> None:
    distance = torch.arange(-200, 200)

    expected = T5Attention._relative_position_bucket(distance, bidirectional, *sizes)

    assert torch.equal(buckets(distance, *sizes, bidirectional), expected)


@pytest.mark.parametrize("decoder", [True, False])
def test_the_bias_is_that_of_t5(decoder: bool) -> None:
    theirs = T5Attention(T5Config(d_model=8, d_kv=4, num_heads=2, is_decoder=decoder), True, layer_idx=0)
    ours = RelativeBias(RelativeBiasConfig(n_heads=2, bidirectional=not decoder))
    ours.load_state_dict(theirs.relative_attention_bias.state_dict())

    assert torch.equal(ours(torch.zeros(3, 50, 8)), theirs.compute_bias(50, 50))
    assert torch.equal(ours(torch.zeros(3, 5, 8), torch.zeros(3, 9, 4)), theirs.compute_bias(5, 9))


@pytest.mark.parametrize("n_heads", [1, 4, 6, 12])
def test_alibi_falls_as_in_bloom_on_what_a_causal_model_sees(n_heads: int) -> None:
    """Bloom adds slope × key where the paper subtracts slope × distance: rows differ by a constant."""
    theirs = build_alibi_tensor(torch.ones(1, 9, dtype=torch.int64), n_heads, torch.float32)  # (H, 1, S)

    bias = Alibi(AlibiConfig(n_heads=n_heads))(torch.zeros(2, 9, 3))[0]

    last = theirs[:, 0] - theirs[:, 0, -1:]
    torch.testing.assert_close(bias[:, -1], last, rtol=1e-6, atol=0)
    assert torch.equal(bias, bias.transpose(1, 2))
    assert torch.equal(bias.diagonal(dim1=1, dim2=2), torch.zeros(n_heads, 9))


def test_slopes_of_eight_heads_halve_from_head_to_head() -> None:
    bias = Alibi(AlibiConfig(n_heads=8))(torch.zeros(1, 2, 3))

    assert bias[0, :, 1, 0].tolist() == [-(2.0**-h) for h in range(1, 9)]


def test_a_distance_that_buckets_tell_apart_already_is_no_end_of_them() -> None:
    with pytest.raises(SettingError, match=r"32 buckets tell 8 distances apart.*Set max_distance to 32"):
        RelativeBiasConfig(n_buckets=32, max_distance=8)
