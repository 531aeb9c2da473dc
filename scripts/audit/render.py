"""Renders a template for tools that read it as it is: conditions decided, parameters filled in.

References to resources and pseudo parameters stay, because the tools follow them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import cfn_flip

Fields = dict[str, Any]

NO_VALUE = {"Ref": "AWS::NoValue"}


def render(text: str, parameters: Mapping[str, str]) -> Fields:
    """Return the template as deployed with these parameters, the others at their defaults.

    A parameter that the template does not have is left out. Raises LookupError for a condition that
    is not understood, and for a parameter that has no value.
    """
    template: Fields = json.loads(cfn_flip.to_json(text))
    deployment = _Deployment(template, parameters)
    sections = {
        name: {
            key: deployment.value({k: v for k, v in each.items() if k != "Condition"})
            for key, each in template[name].items()
            if "Condition" not in each or deployment.holds({"Condition": each["Condition"]})
        }
        for name in ("Resources", "Outputs")
    }
    dropped = {"Parameters", "Conditions"}
    return {key: each for key, each in template.items() if key not in dropped} | sections


class _Deployment:
    """A template's parameters and conditions."""

    def __init__(self, template: Fields, given: Mapping[str, str]) -> None:
        self.conditions = template.get("Conditions", {})
        self.parameters: dict[str, str | int] = {}
        for name, each in template["Parameters"].items():
            value = given[name] if name in given else each["Default"]
            self.parameters[name] = int(value) if each["Type"] == "Number" else value

    def value(self, value: Any) -> Any:
        """Return a value without Fn::If, AWS::NoValue and references to parameters."""
        match value:
            case list():
                return [each for each in map(self.value, value) if each != NO_VALUE]
            case {"Ref": str(name)}:
                return self.parameters.get(name, value)
            case {"Fn::If": [str(name), yes, no]}:
                return self.value(yes if self.holds({"Condition": name}) else no)
            case {"Fn::Sub": argument}:
                text, *names = argument if isinstance(argument, list) else [argument]
                return self._substituted(text, self.value(names))
            case dict():
                rendered = {key: self.value(each) for key, each in value.items()}
                return {key: each for key, each in rendered.items() if each != NO_VALUE}
        return value

    def holds(self, condition: Any) -> bool:
        """Return whether a condition holds."""
        match condition:
            case {"Condition": str(name)}:
                return self.holds(self.conditions[name])
            case {"Fn::Not": [operand]}:
                return not self.holds(operand)
            case {"Fn::And": operands}:
                return all(map(self.holds, operands))
            case {"Fn::Equals": [left, right]}:
                return str(self.value(left)) == str(self.value(right))
        raise LookupError(f"condition {condition!r}: not understood")

    def _substituted(self, text: str, names: list[Fields]) -> Any:
        filled = re.sub(
            r"\$\{(\w+)\}", lambda each: str(self.parameters.get(each[1], each[0])), text
        )
        if "${" not in filled:
            return filled
        return {"Fn::Sub": [filled, *names] if names else filled}
