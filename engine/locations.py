"""Where things lie on disk: runs, exports and the MLflow store, all below one folder."""

from __future__ import annotations

import os
from pathlib import Path


def artifacts() -> Path:
    """The folder everything is kept in: `STEPWISE_HOME` if set, else `artifacts` where we stand."""
    return Path(os.environ.get("STEPWISE_HOME") or "artifacts").resolve()


def runs(root: Path | None = None) -> Path:
    """The folder of run folders below `root` (default: `artifacts()`)."""
    return (root or artifacts()) / "runs"


def trained(root: Path | None = None) -> Path:
    """The folder of models trained elsewhere, in our own form, below `root`."""
    return (root or artifacts()) / "trained"


def opened(root: Path | None = None) -> Path:
    """The folder of weights of exports that were opened again, as safetensors, below `root`."""
    return (root or artifacts()) / "opened"


def local_store(root: Path | None = None) -> str:
    """URI of the MLflow database below `root`, which is used when no server is named."""
    return f"sqlite:///{(root or artifacts()) / 'mlflow.db'}"


def tracking_uri(root: Path | None = None) -> str:
    """Where MLflow writes: `MLFLOW_TRACKING_URI` if set, else the database below `root`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or local_store(root)


def is_server(uri: str) -> bool:
    """Whether the store answers over the network and so has a page of its own."""
    return uri.startswith(("http://", "https://"))
