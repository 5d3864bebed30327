"""Random edits of a document: most of them fit, some are refused."""

from __future__ import annotations

from hypothesis import strategies as st

from builder import templates
from builder.catalogue import node_signature
from builder.document import Document, PortRef, Wire
from builder.edits import (
    AddAdapter,
    AddNode,
    AddRail,
    AddSymbol,
    Batch,
    ClearOverride,
    Connect,
    Disconnect,
    DrawOut,
    Duplicate,
    Edit,
    ExposeSetting,
    Group,
    HideSetting,
    MakeIndependent,
    Move,
    Paste,
    Remove,
    RemoveAdapter,
    RemoveSymbol,
    Rename,
    RenameDocument,
    RenameSymbol,
    Replace,
    RequireContract,
    ResetContract,
    Retitle,
    Rewire,
    SetCarry,
    SetLabel,
    SetPort,
    SetRepeat,
    SetSetting,
    SetShared,
    SetSymbol,
    SetTask,
    Tie,
    Ungroup,
    Untie,
    WaiveContract,
    copy_clip,
)
from engine.settings import Value

KINDS = (
    "linear",
    "layer_norm",
    "dropout",
    "residual_add",
    "token_embedding",
    "lm_head",
    "attention_core",
    "mlp",
)
VALUES = st.one_of(
    st.integers(0, 40),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from(["d_model", "2*d_model", "d_ff//2", "causal", "n_layers", "oops("]),
)
NAMES = st.sampled_from(["alpha", "beta", "gamma", "head", "x", "train", "d_model", "d_ff"])
PLACES = st.integers(-500, 500) | st.floats(-500, 500)


@st.composite
def edits(draw: st.DrawFn, document: Document) -> Edit:
    """One edit, made of what is in `document`."""
    at = draw(st.sampled_from(list(document.definitions)))
    make = draw(
        st.sampled_from([_node, _wire, _wire, _value, _symbol, _composite, _grouping, _layer, _copy, _document])
    )
    return draw(make(document, at))


def _node(document: Document, at: str) -> st.SearchStrategy[Edit]:
    ids, there = _ids(document, at), st.just(at)
    kinds = st.sampled_from([*KINDS, *document.definitions])
    some = st.lists(ids, max_size=3, unique=True).map(tuple)
    spots = st.dictionaries(ids, st.tuples(PLACES, PLACES), max_size=2)
    return st.one_of(
        st.builds(AddNode, kind=kinds, x=PLACES, y=PLACES, at=there),
        st.builds(AddRail, side=st.sampled_from(["input", "output"]), at=there),
        st.builds(Remove, nodes=some, at=there),
        st.builds(Move, positions=spots, at=there),
        st.builds(SetLabel, node=ids, text=st.text(max_size=5), at=there),
        st.builds(Rename, node=ids, new=NAMES, at=there),
        st.builds(SetPort, node=ids, kind=st.sampled_from(["hidden", "mask"]), at=there),
    )


def _wire(document: Document, at: str) -> st.SearchStrategy[Edit]:
    sources, targets = (_ports(document, at, inward) for inward in (False, True))
    ghost = Wire(PortRef("ghost", "y"), PortRef("ghost", "x"))
    old = st.sampled_from([*document.definition(at).wires * 2, ghost])
    ends = {"source": sources, "target": targets, "replace": st.booleans(), "at": st.just(at)}
    return st.one_of(
        st.builds(Connect, **ends),
        st.builds(Rewire, old=old, **ends),
        st.builds(Disconnect, wire=old, at=st.just(at)),
    )


def _value(document: Document, at: str) -> st.SearchStrategy[Edit]:
    here = document.definition(at)
    pairs = [("ghost", "d_model"), (next(iter(here.nodes), ""), "oops")]
    for name, node in here.nodes.items():
        found = node_signature(document, node, name)
        pairs += [(name, field.name) for field in (found.fields if found else ())]

    def make(pair: tuple[str, str], value: Value | None) -> Edit:
        return SetSetting(node=pair[0], name=pair[1], value=value, at=at)

    def expose(pair: tuple[str, str], symbol: str) -> Edit:
        return ExposeSetting(node=pair[0], name=pair[1], symbol=symbol, at=at)

    exposed = st.builds(expose, st.sampled_from(pairs), NAMES | st.just(""))
    return st.builds(make, st.sampled_from(pairs), VALUES | st.none()) | exposed


def _symbol(document: Document, at: str) -> st.SearchStrategy[Edit]:
    known, there = [symbol.name for symbol in document.definition(at).symbols], st.just(at)
    names = st.sampled_from([*known * 2, "ghost"])
    return st.one_of(
        st.builds(SetSymbol, name=names, value=VALUES, at=there),
        st.builds(AddSymbol, name=NAMES, value=VALUES, at=there),
        st.builds(RemoveSymbol, name=names, at=there),
        st.builds(HideSetting, name=names, at=there),
        st.builds(RenameSymbol, name=names, new=NAMES, at=there),
    )


def _composite(document: Document, at: str) -> st.SearchStrategy[Edit]:
    here, there = document.definition(at), st.just(at)
    uses = [name for name, node in here.nodes.items() if node.kind in document.definitions]
    layers = st.none() | st.integers(1, 3) | st.just("n_layers")
    ids = st.sampled_from([*uses * 2, "ghost"])
    return st.builds(SetRepeat, node=ids, repeat=layers, at=there) | st.builds(MakeIndependent, node=ids, at=there)


def _grouping(document: Document, at: str) -> st.SearchStrategy[Edit]:
    here, there = document.definition(at), st.just(at)
    some = st.lists(_ids(document, at), min_size=1, max_size=5, unique=True).map(tuple)
    adapted = [name for name, node in here.nodes.items() if node.kind in ("linear", "lora_linear")]
    linear = st.sampled_from([*adapted * 3, "ghost"]).map(lambda name: (name,))
    uses = [name for name, node in here.nodes.items() if node.kind in document.definitions]
    cores = [name for name, node in here.nodes.items() if node.kind == "attention_core"]
    return st.one_of(
        st.builds(Group, nodes=some, name=st.sampled_from(["Group", "train", "", "Layer norm"]), at=there),
        st.builds(Ungroup, node=st.sampled_from([*uses * 3, "ghost"]), at=there),
        st.builds(DrawOut, node=st.sampled_from([*cores * 3, "ghost"]), at=there),
        st.builds(AddAdapter, nodes=linear, rank=st.sampled_from([2, "d_model", 0]), at=there),
        st.builds(RemoveAdapter, nodes=linear, at=there),
    )


def _layer(document: Document, at: str) -> st.SearchStrategy[Edit]:
    here, there = document.definition(at), st.just(at)
    ids = st.sampled_from([*[name for name, node in here.nodes.items() if node.repeat is not None] * 3, "ghost"])
    layers, names = st.integers(0, 2), st.sampled_from(["d_ff", "d_model"])
    return st.one_of(
        st.builds(SetShared, node=ids, shared=st.booleans(), at=there),
        st.builds(SetCarry, node=ids, into=st.sampled_from(["x", "y"]), out=st.just("y"), at=there),
        st.builds(SetSetting, node=ids, name=names, value=st.integers(1, 9), layer=layers, at=there),
        st.builds(ClearOverride, node=ids, layer=layers, at=there),
    )


def _copy(document: Document, at: str) -> st.SearchStrategy[Edit]:
    chosen = st.lists(st.sampled_from(list(document.definition(at).nodes) or ["ghost"]), max_size=3, unique=True)
    targets = st.sampled_from(list(document.definitions))
    if not document.definition(at).nodes:
        return st.builds(Duplicate, nodes=chosen.map(tuple), at=st.just(at))
    paste = st.builds(lambda nodes, to: Paste(clip=copy_clip(document, at, nodes), at=to), chosen, targets)
    return paste | st.builds(Duplicate, nodes=chosen.map(tuple), at=st.just(at))


def _document(document: Document, at: str) -> st.SearchStrategy[Edit]:
    inner = ["blocks.0.up.weight", "blocks.1.down.weight", "blocks.up.weight"]
    paths = st.sampled_from([*(f"{name}.weight" for name in document.main.nodes), *inner])
    codes = st.sampled_from(["C001", "C010", "C017", "C999"])
    return st.one_of(
        st.builds(Tie, first=paths, second=paths),
        st.builds(Untie, first=paths),
        st.builds(RequireContract, code=codes, why=st.text(max_size=4)),
        st.builds(WaiveContract, code=codes, why=st.text(max_size=4)),
        st.builds(ResetContract, code=codes),
        st.builds(Retitle, title=st.text(max_size=4), at=st.just(at)),
        st.builds(Replace, document=st.sampled_from(["tiny", "tiny_t5"]).map(templates.build)),
        st.builds(RenameDocument, name=st.text(min_size=1, max_size=4)),
        st.builds(SetTask, task=st.sampled_from(["sort", "reverse", ""])),
        st.builds(Batch, edits=st.tuples(_node(document, at), _value(document, at))),
    )


def _ids(document: Document, at: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*document.definition(at).nodes] * 4 + ["ghost"])


def _ports(document: Document, at: str, inward: bool) -> st.SearchStrategy[PortRef]:
    refs: list[PortRef] = []
    for name, node in document.definition(at).nodes.items():
        found = node_signature(document, node, name)
        if found:
            refs += [PortRef(name, port.name) for port in (found.inputs if inward else found.outputs)]
    return st.sampled_from([*refs * 2, PortRef("ghost", "x")])
