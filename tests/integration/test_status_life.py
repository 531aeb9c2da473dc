"""A status stack from its creation to its deletion, and the main stack beside it all the while."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from scripts import deployment
from scripts.embed import STATUS_TEMPLATE
from tests.integration.changes import reached
from tests.integration.companion import Companion, deploy_status, deployed
from tests.integration.template import OBSTACLE, template

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

Client = Callable[[str], Any]

# What invokes the function needs what the function and its failures need.
BEFORE = {
    "ShipmentStatusMapping": {"ShipmentStatusTable", "ShipmentStatusFunction"},
    "ShipmentRejections": {
        "ShipmentStatusTable",
        "ShipmentStatusInvokeConfig",
        "ShipmentRejectionsPermission",
    },
    "ShipmentMailRule": {"ShipmentStatusTable", "ShipmentStatusInvokeConfig"},
    "ShipmentStuckRule": {"ShipmentStatusTable", "ShipmentStatusInvokeConfig"},
}


@dataclass(frozen=True)
class Life:
    """A stack that was deployed and deleted: the order of its resources, and what was left.

    critical, rejected: shipments of updates that were put before it came, and after it went.
    """

    companion: Companion
    created: list[str]
    deleted: list[str]
    left: list[str]
    critical: tuple[str, str]
    rejected: str


@pytest.fixture(scope="module")
def life(client: Client) -> Iterator[Life]:
    """Deploy a pair of stacks, and delete the status stack."""
    cloudformation = client("cloudformation")
    with deployed(client, "living") as companion:
        name, pipeline = companion.stack.name, companion.pipeline
        stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        before = companion.put("LOST")
        companion.settle()
        deployment.delete(client, name)
        created, deleted = (
            reached(cloudformation, stack_id, status)
            for status in ("CREATE_COMPLETE", "DELETE_COMPLETE")
        )
        after, rejected = companion.put("LOST"), pipeline.shipment()
        pipeline.put({"shipmentId": rejected, "status": 7})
        yield Life(companion, created, deleted, left(companion), (before, after), rejected)


def left(companion: Companion) -> list[str]:
    """Return what there is of a stack that was deleted, by the calls that list it.

    Not its log: the emulator makes the group anew for an invocation that ends after it is deleted,
    which the function's role may not do.
    """
    listed = {
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "sns": "list_topics",
        "events": "list_rules",
        "iam": "list_roles",
        "cloudwatch": "describe_alarms",
    }
    found = [getattr(companion.client(service), call)() for service, call in listed.items()]
    found.append(companion.client("lambda").list_event_source_mappings())
    found.append(companion.client("cloudwatch").list_dashboards())
    found.append(companion.client("sns").list_subscriptions())
    text = json.dumps(found, default=str)
    names = [companion.stack["ShipmentStatusMappingId"], "shipment-stuck-rule-living"]
    names += ["shipment-status-living", "shipment-digests-living", "shipment-mail-rule-living"]
    return [name for name in names if name in text]


@pytest.mark.parametrize("invoker", BEFORE)
def test_what_invokes_the_function_is_created_last_and_deleted_first(
    life: Life, invoker: str
) -> None:
    assert set(life.created) == set(life.deleted) == set(template(STATUS_TEMPLATE)["Resources"])
    for needed in BEFORE[invoker]:
        assert life.created.index(needed) < life.created.index(invoker)
        assert life.deleted.index(needed) > life.deleted.index(invoker)


def test_a_deleted_status_stack_leaves_nothing(life: Life) -> None:
    assert life.left == []


def test_the_main_stack_works_on_without_it(life: Life) -> None:
    pipeline = life.companion.pipeline
    assert [len(pipeline.wait_for_rows(shipment)) for shipment in life.critical] == [1, 1]
    assert [len(pipeline.wait_for_alerts(shipment)) for shipment in life.critical] == [1, 1]
    assert len(pipeline.wait_for_failed(life.rejected)) == 1


def test_a_first_deployment_that_fails_leaves_nothing(life: Life) -> None:
    changed = copy.deepcopy(template(STATUS_TEMPLATE))
    obstacle = copy.deepcopy(OBSTACLE)
    obstacle["Obstacle"]["DependsOn"] = sorted(changed["Resources"])
    changed["Resources"].update(obstacle)
    stack, client = life.companion.stack, life.companion.client
    with pytest.raises(deployment.StackError, match="Obstacle"):
        deployment.deploy(client, stack.name, json.dumps(changed), stack.parameters)
    assert left(life.companion) == []
    deployment.delete(client, stack.name)  # AWS updates no stack whose creation was rolled back


def test_a_status_stack_that_is_deployed_again_makes_the_items_anew(life: Life) -> None:
    again = deploy_status(life.companion.pipeline)
    for shipment in life.critical:
        assert again.wait_for_item(shipment)["status"] == "LOST"
