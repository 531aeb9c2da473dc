"""What the mappings read payloads with. easypost.py and shippo.py have copies, see there."""

import re
from typing import Any

KINDS: dict[Any, str] = {str: "a string", list: "a list", dict: "an object"}


def member(fields: Any, path: str, name: str, kind: type, *, required: bool = True) -> Any:
    """Return a field of the given type, or an empty one if it may be missing.

    Raises ValueError, which names the field, if it is missing, empty or of another type.
    """
    if not isinstance(fields, dict):
        raise ValueError(f"{path or 'payload'}: must be an object")  # noqa: TRY004 - one kind for all
    value = fields.get(name)
    if value in (None, "") and not required:
        return kind()
    if isinstance(value, kind) and value != "":
        return value
    raise ValueError(f"{path}.{name}: must be {KINDS[kind]}".lstrip("."))


def entries(fields: Any, path: str, name: str) -> list[tuple[str, Any]]:
    """Return the objects of a list that may be missing, each with its path; raise ValueError."""
    found = []
    for number, entry in enumerate(member(fields, path, name, list, required=False)):
        where = f"{path}.{name}[{number}]".lstrip(".")
        if not isinstance(entry, dict):
            raise ValueError(f"{where}: must be an object")  # noqa: TRY004 - one kind for all
        found.append((where, entry))
    return found


def place(fields: Any, *names: str) -> str:
    """Return the texts of what is only described, with commas between them; never refuse any."""
    parts = [fields.get(name) for name in names] if isinstance(fields, dict) else []
    return ", ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())


def filled(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


LONGEST = 64  # characters of a status
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORD = re.compile(r"[^\W_]+")
TROUBLE = re.compile("DELAY|LOST|LOSS|DAMAGE|EXCEPTION")


def worded(*texts: str) -> str:
    """Return the words of texts as a status, which is cut after a word if it is too long.

    It is then reordered: words that are critical by default come first, so that no cut hides them.
    """
    text = HUMP.sub(" ", " ".join(texts)).replace("'", "")
    words = WORD.findall(text.upper())
    if len("_".join(words)) > LONGEST:
        words.sort(key=lambda word: not TROUBLE.match(word))
    room, kept = LONGEST + 1, []
    for word in words:
        room -= len(word) + 1
        if room < 0:
            break
        kept.append(word)
    return "_".join(kept)
