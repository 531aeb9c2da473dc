"""The templates as data, and one that fails in the middle."""

import copy
import json
from functools import cache
from pathlib import Path

import cfn_flip

from scripts.embed import TEMPLATE
from scripts.mailbox import Fields

TABLE = "ShipmentLogsTable"
# CloudFormation waits for a second for a signal that nobody sends.
OBSTACLE = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Obstacle": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"},
    },
}


@cache
def template(path: Path = TEMPLATE) -> Fields:
    """Return a template with its functions in long form, as its JSON form has them."""
    parsed: Fields = json.loads(as_json(path))
    return parsed


def as_json(path: Path = TEMPLATE) -> str:
    """Return a template in JSON without a space to spare, as CloudFormation takes it too."""
    flipped: str = cfn_flip.to_json(path.read_text("utf-8"))
    return json.dumps(json.loads(flipped), separators=(",", ":"))


def unconditional() -> set[str]:
    """Return the logical ids of the resources that every stack has."""
    resources = template()["Resources"].items()
    return {name for name, resource in resources if "Condition" not in resource}


def failing(*, table_first: bool = False) -> str:
    """Return the template in JSON with a resource that fails once all but the table are created.

    The table comes after that resource as after any other, or, with table_first, depends on none.
    """
    changed = copy.deepcopy(template())
    resources, others = changed["Resources"], sorted(unconditional() - {TABLE})
    resources.update(copy.deepcopy(OBSTACLE))
    resources["Obstacle"]["DependsOn"] = others
    if table_first:
        del resources[TABLE]["DependsOn"], resources[TABLE]["Properties"]["Tags"]
    else:
        resources[TABLE]["DependsOn"].append("Obstacle")
    return json.dumps(changed)
