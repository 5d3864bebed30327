"""From a document to a PyTorch model: one `torch.fx.GraphModule` for each use of a definition.

Submodules are called as the nodes are, and the layers of a repeated composite by their index, so that the keys of
`state_dict` are paths of the drawing: `blocks.0.attn.q_proj.weight`. Each node of a graph module knows its path
(`node.meta["path"]`), and its source reads like a module written by hand (`model.blocks.get_submodule("0").code`).
Parts that hang on an optional input without a wire are left out, see `builder.presence`.
"""

from __future__ import annotations

import torch
from torch import nn

from builder.document import Document
from builder.levels import Level, scope_of
from builder.recipes import Recipe
from builder.sizes import too_large
from builder.ties import apply_ties
from builder.unfolding import unfolded
from engine.errors import CompileError


def compile_document(document: Document, seed: int = 0, fuse: bool = True) -> nn.Module:
    """Build the model that a document describes.

    Args:
        document: The model; it need not have been validated.
        seed: Starting values depend on this and on the path of each block alone.
        fuse: Run attention that is drawn from primitives by the fused kernel while nobody listens inside it.

    Returns:
        A module in training mode, called by the names of the input ports: `model(tokens=ids)`. Optional inputs
        may be left out. With one output it returns the tensor, with several a dict by port name.

    Raises:
        CompileError: If something is missing or does not fit; the message says at which path.
    """
    recipe = recipe_of(document, fuse)
    on_meta = torch.get_default_device().type == "meta"  # where nothing is allocated
    if not on_meta and (reason := too_large(document)[0]):
        raise CompileError(reason)
    with torch.random.fork_rng(devices=[]):
        model = recipe.make("", seed)
    apply_ties(model, document.ties)
    return model


def recipe_of(document: Document, fuse: bool = True) -> Recipe:
    """How to make the model, without making it: graphs and settings, but no parameter.

    Raises:
        CompileError: As `compile_document`.
    """
    main = document.main
    if reason := unfolded(document).problem:
        raise CompileError(reason)
    if not main.outputs:
        raise CompileError(f"{main.name} has no output. Add an output and wire it.")
    optional = frozenset(port.name for port in main.inputs if port.optional)
    level = Level(document=document, definition=main, settings=scope_of(main), unsure=optional, fuse=fuse)
    return level.recipe()
