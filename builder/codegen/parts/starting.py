"""Starting values."""

from __future__ import annotations

from torch import nn


def init_weights(module: nn.Module) -> None:
    """Draw starting values: small embeddings, projections by Xavier, no biases."""
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight.flatten(1))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
