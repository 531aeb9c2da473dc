"""The templates, and their deployments.

``template`` and ``stack`` are of the stack that stores updates, ``status_template`` and ``status``
of the one beside it that keeps each shipment's status, ``webhook_template`` and ``webhook`` of
a carrier's webhook. What begins with ``any_`` is of any of them.
"""

from pathlib import Path
from typing import Any

import pytest

from scripts.embed import HANDLERS, STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.unit.template import deployments, resolve, status_handler
from tests.unit.template.deployments import Values
from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import Invocation

# ---- the stack that stores updates


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return resolve.load()


@pytest.fixture(scope="session")
def other_values() -> Values:
    return deployments.OTHER_VALUES[TEMPLATE]


@pytest.fixture(scope="session")
def longest_values(template: dict[str, Any]) -> Values:
    return deployments.longest(template)


@pytest.fixture(scope="session", params=deployments.NAMES)
def stack(request: pytest.FixtureRequest, template: dict[str, Any]) -> Deployment:
    return deployments.deployment(TEMPLATE, template, request.param)


# ---- the status stack


@pytest.fixture(scope="session")
def status_template() -> dict[str, Any]:
    return resolve.load(STATUS_TEMPLATE)


@pytest.fixture(scope="session", params=deployments.NAMES)
def status(request: pytest.FixtureRequest, status_template: dict[str, Any]) -> Deployment:
    return deployments.deployment(STATUS_TEMPLATE, status_template, request.param)


@pytest.fixture(scope="session")
def main(status: Deployment) -> Deployment:
    """Return the stack that stores updates, as deployed beside the status stack."""
    values = {name: status.parameters[name] for name in deployments.COMMON}
    return Deployment(resolve.load(), values, status.region, status.partition)


@pytest.fixture(scope="session")
def runs(main: Deployment, status: Deployment) -> dict[str, Invocation]:
    """Return a run of the status handler on each kind of request."""
    return status_handler.invocations(main, status)


# ---- a carrier's webhook


@pytest.fixture(scope="session")
def webhook_template() -> dict[str, Any]:
    return resolve.load(WEBHOOK_TEMPLATE)


@pytest.fixture(scope="session", params=deployments.NAMES)
def webhook(request: pytest.FixtureRequest, webhook_template: dict[str, Any]) -> Deployment:
    return deployments.deployment(WEBHOOK_TEMPLATE, webhook_template, request.param)


# ---- any of these


@pytest.fixture(scope="session", params=HANDLERS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="session")
def any_template(path: Path) -> dict[str, Any]:
    return resolve.load(path)


@pytest.fixture(scope="session", params=deployments.NAMES)
def any_stack(
    request: pytest.FixtureRequest, path: Path, any_template: dict[str, Any]
) -> Deployment:
    return deployments.deployment(path, any_template, request.param)
