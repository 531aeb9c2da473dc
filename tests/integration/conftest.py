"""Starts the emulator and deploys the stack once a run, or takes a stack that is deployed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from shipments.stack import Clients, describe
from tests.integration.checking import Account, Session
from tests.integration.companion import Companion, deployed
from tests.integration.data_key import deploy_with_key
from tests.integration.pipeline import DEPLOYED, EMULATED, Pipeline

# Asynchronous retries come after this many seconds and then twice as many: long enough to repair
# a permission in between.
EMULATOR_SETTINGS = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.4"}

OWN_STACK = "own_stack(reason): needs a stack of the run's own, for it does what reason says"
OWN_EMULATOR = "own_emulator: runs emulators of its own, for half of the time of all the tests"
ORDER = "order(number): runs before all others if negative, after them if positive"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a deployed stack."""
    parser.addoption(
        "--stack-name",
        metavar="NAME",
        help="test this deployed stack, in the account, region and endpoint that boto3 is "
        "configured for, instead of one in an emulator; its subscribers get the run's alerts",
    )
    parser.addoption(
        "--data-key",
        action="store_true",
        help="encrypt the data of each stack that is deployed with a key from DataKey.yml",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of tests that need something of their own; see to the keys."""
    config.addinivalue_line("markers", OWN_STACK)
    config.addinivalue_line("markers", OWN_EMULATOR)
    config.addinivalue_line("markers", ORDER)
    if config.getoption("--data-key"):
        deployment.deploy = deploy_with_key


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put tests in order, and skip what would change a stack that is not the run's own."""
    items.sort(key=_order)
    if config.getoption("--stack-name") is None:
        return
    for item in items:
        if mark := item.get_closest_marker("own_stack"):
            item.add_marker(pytest.mark.skip(f"--stack-name: it {mark.args[0]}"))


def _order(item: pytest.Item) -> int:
    mark = item.get_closest_marker("order")
    return int(mark.args[0]) if mark else 0


@pytest.fixture(scope="session")
def emulator() -> Iterator[ministack.Emulator]:
    """Run MiniStack, with nothing in it but what the tests deploy."""
    with ministack.running(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def client(emulator: ministack.Emulator) -> Callable[[str], Any]:
    """Return a function that returns the emulator's client of a service, one for all tests."""
    return emulator.client


@pytest.fixture(scope="module")
def account(emulator: ministack.Emulator) -> Iterator[Account]:
    """Return the emulator's account, whose settings are in the environment meanwhile."""
    with account_of(emulator) as account:
        yield account


@contextmanager
def account_of(emulator: ministack.Emulator) -> Iterator[Account]:
    """Do as the fixture account does, for the length of a with block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        yield Account(emulator.client, Session())


@pytest.fixture(scope="session")
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    """Return the stack that most tests share."""
    name = request.config.getoption("--stack-name")
    if not name:
        yield _emulated(request.getfixturevalue("client"))  # and all of it ends with the emulator
        return
    pipeline = _deployed(name)
    try:
        yield pipeline
    finally:
        pipeline.close()


def _deployed(name: str) -> Pipeline:
    try:
        client = Clients(boto3.Session())
        return Pipeline(describe(client, name), client, DEPLOYED)
    except (BotoCoreError, ClientError) as error:
        pytest.exit(f"--stack-name {name}: {error}", returncode=2)
    except KeyError as error:
        pytest.exit(f"--stack-name {name}: is no stack of ours, lacks {error}", returncode=2)


def _emulated(client: Callable[[str], Any]) -> Pipeline:
    parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "test"}
    template = TEMPLATE.read_text("utf-8")
    stack = deployment.deploy(client, "shared", template, parameters)
    return Pipeline(stack, client, EMULATED)


@pytest.fixture(scope="session")
def companion(client: Callable[[str], Any]) -> Iterator[Companion]:
    """Return the status stack that most tests of it share, beside a main stack of its own."""
    with deployed(client, "statuses") as companion:
        yield companion


@pytest.fixture(scope="session")
def outputs(pipeline: Pipeline, companion: Companion) -> dict[str, str]:
    """Return the outputs of a main stack and of a status stack."""
    return {**pipeline.stack.outputs, **companion.stack.outputs}


@pytest.fixture
def deploy(client: Callable[[str], Any]) -> Iterator[Callable[..., Pipeline]]:
    """Return a function that deploys one more stack, on a bus of its own; they go at the end."""
    with deploying(client) as deploy:
        yield deploy


@contextmanager
def deploying(client: Callable[[str], Any]) -> Iterator[Callable[..., Pipeline]]:
    """Do as the fixture deploy does, for the length of a with block."""
    events = client("events")
    with ExitStack() as after:

        def deploy(suffix: str, template: str = "", **parameters: str) -> Pipeline:
            events.create_event_bus(Name=f"bus-{suffix}")
            after.callback(events.delete_event_bus, Name=f"bus-{suffix}")
            parameters = {
                **ministack.PARAMETERS,
                "EnvironmentSuffix": suffix,
                "EventBusName": f"bus-{suffix}",
                **parameters,
            }
            text = template or TEMPLATE.read_text("utf-8")
            stack = deployment.deploy(client, f"stack-{suffix}", text, parameters)
            after.callback(deployment.delete, client, stack.name)
            pipeline = Pipeline(stack, client, EMULATED)
            after.callback(pipeline.close)
            return pipeline

        yield deploy
