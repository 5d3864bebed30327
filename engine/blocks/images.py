"""From pixels to vectors: an image becomes a sequence of patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.errors import RunError

VIT = "Dosovitskiy et al., “An Image is Worth 16x16 Words”, arXiv:2010.11929"
D_MODEL = Setting("Width of the residual stream.", low=1, unit="features")


@dataclass(frozen=True, kw_only=True)
class PatchEmbeddingConfig(BlockConfig):
    """Settings of `PatchEmbedding`."""

    patch: Annotated[int, Setting("Height and width of a patch.", low=1, unit="pixels")] = 16
    channels: Annotated[int, Setting("Colours of a pixel: 3, or 1 for shades of grey.", low=1, unit="colours")] = 3
    d_model: Annotated[int, D_MODEL] = 512


@block(
    "patch_embedding",
    title="Patch embedding",
    family="Embedding",
    config=PatchEmbeddingConfig,
    inputs=(Port(name="pixels", kind="pixels", shape="B channels Y X", about="Images: colours, rows, columns."),),
    outputs=(Port(name="y", shape="B (Y//patch)*(X//patch) d_model", about="One vector for each patch."),),
    formula="patches(x) Wᵀ + b",
    paper=VIT + ", eq. 1",
)
class PatchEmbedding(nn.Conv2d):
    """Cuts an image into square patches, row by row, and projects each to a vector.

    Source: Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
    arXiv:2010.11929, eq. 1.
    """

    def __init__(self, config: PatchEmbeddingConfig) -> None:
        self.config = config
        super().__init__(config.channels, config.d_model, kernel_size=config.patch, stride=config.patch)

    def reset_parameters(self) -> None:
        """Draw the starting values, by Xavier, as those of a linear layer."""
        nn.init.xavier_uniform_(self.weight.view(self.weight.shape[0], -1))
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, pixels: Tensor) -> Tensor:
        """Cut and project.

        Args:
            pixels: Images, (B, C, Y, X).

        Returns:
            One vector for each patch, (B, N, D) where N = Y / patch * X / patch.

        Raises:
            RunError: If the image has no whole number of patches.
        """
        patch, (high, wide) = self.config.patch, pixels.shape[-2:]
        if high % patch or wide % patch:
            raise RunError(
                f"An image of {high} by {wide} pixels has no whole number of {patch} by {patch} patches. Set patch."
            )
        return F.conv2d(pixels, self.weight, self.bias, stride=patch).flatten(2).transpose(1, 2)  # (B, N, D)


@dataclass(frozen=True, kw_only=True)
class ClassTokenConfig(BlockConfig):
    """Settings of `ClassToken`."""

    d_model: Annotated[int, D_MODEL] = 512


@block(
    "class_token",
    title="Class token",
    family="Embedding",
    config=ClassTokenConfig,
    inputs=(Port(name="x", shape="B T d_model", about="Vectors of patches or tokens."),),
    outputs=(Port(name="y", shape="B T+1 d_model", about="The same, after one learned vector."),),
    formula="[c ; x]",
    paper=VIT + ", eq. 1",
)
class ClassToken(nn.Module):
    """Puts one learned vector in front of a sequence; what it becomes stands for the whole.

    Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929, eq. 1, after the [CLS] token of
    Devlin et al., arXiv:1810.04805.
    """

    def __init__(self, config: ClassTokenConfig) -> None:
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.empty(config.d_model))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Put the vector in front.

        Args:
            x: Vectors, (B, T, D).

        Returns:
            One more for each sequence, (B, T + 1, D).
        """
        return torch.cat((self.weight.expand(x.shape[0], 1, -1), x), dim=1)  # (B, T + 1, D)
