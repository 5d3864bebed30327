"""One server and one browser for all journeys; every journey has a page and a home of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.serving import AppServer, Visit, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    server = AppServer(tmp_path_factory.mktemp("home"))
    yield server
    server.stop()


@pytest.fixture
def visit(browser: Browser, server: AppServer) -> Iterator[Visit]:
    visit = Visit(browser, server.url)
    yield visit
    visit.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """For journeys that start no run; to start a server takes longer than they do."""
    server = AppServer(tmp_path_factory.mktemp("shared"))
    yield server
    server.stop()


@pytest.fixture
def desk(browser: Browser, shared: AppServer) -> Iterator[Visit]:
    """The first page of somebody who has no graph yet."""
    shared.forget()
    visit = Visit(browser, shared.url)
    yield visit
    visit.close()
