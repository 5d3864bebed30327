"""A real MLflow store, which takes seconds to set up: once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.mlflow_tracker import MlflowTracker


@pytest.fixture(scope="session")
def mlflow_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MLflow's database, set up."""
    root = tmp_path_factory.mktemp("artifacts")
    MlflowTracker(f"sqlite:///{root / 'mlflow.db'}", root / "mlflow").left_running()
    return root


@pytest.fixture
def mlflow_tracker(mlflow_root: Path) -> MlflowTracker:
    """A tracker on that database."""
    return MlflowTracker(f"sqlite:///{mlflow_root / 'mlflow.db'}", mlflow_root / "mlflow")
