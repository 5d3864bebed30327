"""MLflow's own page: the address of a server, or one of our own on demand over the local database.

The page's process belongs to a guard (`python -m engine.mlflow_page …`), which ends it when the app that
asked for it is gone, however that died: the guard reads from a pipe that only the app holds open.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

from engine.errors import RunError
from engine.locations import artifacts, is_server, tracking_uri
from engine.processes import buried, command, environment

HOST = "127.0.0.1"


class MlflowPage:
    """The page of one store. Holds the guard's process once it was opened.

    Args:
        root: Folder of the local store; `locations.artifacts()` if not given.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or artifacts()
        self._uri = tracking_uri(root)
        self._guard: subprocess.Popen[bytes] | None = None
        self.url = self._uri if is_server(self._uri) else ""

    def open(self) -> str:
        """Start the page if there is none, and return its address at once; see `is_ready`."""
        if is_server(self._uri) or (self._guard and self._guard.poll() is None):
            return self.url
        port = _free_port()
        self._root.mkdir(parents=True, exist_ok=True)
        guard = subprocess.Popen(
            command("engine.mlflow_page", *ui_command(self._uri, self._root, port)),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env=_environment(),
        )  # fmt: skip
        self._guard = buried(guard)
        self.url = f"http://{HOST}:{port}"
        return self.url

    def is_ready(self) -> bool:
        """Whether the page answers now; a page of ours takes some seconds at first.

        Raises:
            RunError: If a page of ours has ended by itself.
        """
        if self._guard and self._guard.poll() is not None:
            hint = f"Run `mlflow server --backend-store-uri {self._uri}` in a terminal to see why."
            raise RunError(f"MLflow's page ended by itself. {hint}")
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """End the page, if it is ours."""
        if self._guard and self._guard.stdin:
            self._guard.stdin.close()
            self._guard.wait()
        self._guard = None


def ui_command(uri: str, root: Path, port: int) -> list[str]:
    """What starts MLflow's page over a database, reachable from this machine only."""
    return command(
        "mlflow", "server", "--backend-store-uri", uri, "--host", HOST, "--port", str(port), "--workers", "1",
        "--artifacts-destination", (root / "mlflow").as_uri(),
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """MLflow looks for its server's program on the PATH."""
    beside = str(Path(sys.executable).parent)
    return environment(
        PATH=os.pathsep.join([beside, os.environ.get("PATH", "")]),
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        MLFLOW_DISABLE_TELEMETRY="true",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def guard(server: list[str]) -> int:
    """Run the command `server` until it ends or our standard input does.

    Returns:
        Its exit status.
    """
    process = subprocess.Popen(server, stdin=subprocess.DEVNULL, start_new_session=True)

    def wait_for_owner() -> None:
        sys.stdin.buffer.read()
        os.killpg(process.pid, signal.SIGTERM)

    threading.Thread(target=wait_for_owner, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
