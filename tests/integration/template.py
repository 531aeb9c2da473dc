"""The template as data."""

import json
from functools import cache

import cfn_flip

from scripts.embed import TEMPLATE
from scripts.mailbox import Fields


@cache
def template() -> Fields:
    """Return the template with its functions in long form, as its JSON form has them."""
    parsed: Fields = json.loads(as_json())
    return parsed


def as_json() -> str:
    """Return the template in JSON without a space to spare, as CloudFormation takes it too."""
    flipped: str = cfn_flip.to_json(TEMPLATE.read_text("utf-8"))
    return json.dumps(json.loads(flipped), separators=(",", ":"))
