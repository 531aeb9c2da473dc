"""Events of odd shape: no envelope, no detail, huge, deep, names twice, names of ours."""

from collections.abc import Iterator

from tests.campaigns.hostile.corpus import (
    ABSENT,
    DETAIL,
    ENVELOPE,
    OWN,
    TIME_MS,
    Entry,
    detail,
    envelope,
    fields,
    text,
)

NO_DETAIL = "detail: must be a JSON object"
NO_OBJECTS = {
    "null": "null",
    "true": "true",
    "false": "false",
    "zero": "0",
    "a number": "-1.5e300",
    "a number beyond every float": "1e999",
    "an empty string": '""',
    "a string": f'"{OWN}"',
    "JSON in a string": text(fields(DETAIL, {})),
    "an empty list": "[]",
    "a list": f'["{OWN}", null, {{}}]',
    "a list of details": f"[{fields(DETAIL, {})}]",
}


def shapes() -> Iterator[Entry]:
    """Yield what is no envelope, has no detail, or has odd fields of its own."""
    for what, value in NO_OBJECTS.items():
        yield Entry(f"{what} as event", value, reason=NO_DETAIL)
        yield Entry(f"{what} as detail", envelope(detail=value), reason=NO_DETAIL)
    yield Entry("an empty object as event", "{}", reason=NO_DETAIL)
    yield Entry("no detail", envelope(detail=ABSENT), reason=NO_DETAIL)
    yield Entry("an empty detail", envelope(detail="{}"), reason="shipmentId: is required")
    yield Entry("a detail without an envelope", fields(DETAIL, {}), reason=NO_DETAIL)
    yield Entry("an envelope in an envelope", envelope(detail=envelope()), reason="shipmentId: is")
    yield Entry("names in other letters", f'{{"Detail": {fields(DETAIL, {})}}}', reason=NO_DETAIL)
    yield Entry(
        "a batch of SQS", f'{{"Records":[{{"body":{text(envelope())}}}]}}', reason=NO_DETAIL
    )
    yield Entry("shipmentID", detail(shipmentId=ABSENT, shipmentID='"x"'), reason="shipmentId: is")
    for what, value in {"no": ABSENT, "null as": "null", "a blank": '" "'}.items():
        yield Entry(f"{what} id of the envelope", envelope(id=value), reason="id: is required")
    for what, value in {"a number": "7", "a list": "[]", "an object": "{}"}.items():
        yield Entry(f"{what} as the envelope's id", envelope(id=value), reason="id: must be a")
    long = text("x" * 257)
    yield Entry("a long id of the envelope", envelope(id=long), reason="id: must have at most 256")
    yield Entry(
        "no id of the envelope, but an updateId",
        fields({**ENVELOPE, "detail": fields(DETAIL, {"updateId": f'"U-{OWN}"'})}, {"id": "7"}),
        {"updateId": f"U-{OWN}"},
    )
    replayed = {"replay-name": '"repair-1"'}
    yield Entry("a replayed event", envelope(**replayed), {"timestamp": TIME_MS})
    odd = {"source": "7", "detail-type": "[]", "resources": "null", "version": "{}", "x": "[[]]"}
    yield Entry("odd fields around", envelope(**odd), {"status": "IN_TRANSIT"})


# Fields beside ours: stored as they are, and never taken for anything.
EXTRAS = {
    "every type of JSON": '{"a":[null,true,false,0,-0.5,1e308,"",[],{},{"":[[]]}]}',
    "a prototype": '{"__proto__":{"status":"LOST"},"constructor":{"prototype":{}}}',
    "a type of DynamoDB's": '{"S":"x","N":"1","NULL":true,"__type":"Exception"}',
    "a function of CloudFormation's": '{"Ref":"AWS::AccountId","Fn::Sub":"${AWS::Region}"}',
    "a pickle": '{"__reduce__":["os.system",["id"]],"py/object":"os.system"}',
    "an empty name": '{"":{"":""}}',
    "a name with a NUL": '{"\\u0000":"\\u0000"}',
    "a name of half a pair": '{"\\ud83d":"\\ude9a"}',
    "a name of 10,000 letters": f'{{"{"x" * 10_000}":1}}',
    "5,000 names": "{" + ",".join(f'"n{number}":{number}' for number in range(5000)) + "}",
    "names in no order": '{"z":1,"a":2,"\\u00e9":3,"A":4}',
    "spaces between": ' {\t"a" :\n[ 1 , 2 ]\r} ',
    "escapes in vain": '"\\u0041\\/\\u00e9"',
    "a long number": "1" + "0" * 4000,
    "a long fraction": "0." + "3" * 4000,
    "the smallest float": "[5e-324, 1e-400, -0.0]",
    "numbers beyond every float": '[1e999,-1e999,"Infinity","NaN"]',
    "a word that JSON has not": '"NaN"',
    "200 lists in each other": "[" * 200 + "]" * 200,
    "200 objects in each other": '{"a":' * 200 + "1" + "}" * 200,
    "a list of 20,000 nulls": "[" + ",".join(["null"] * 20_000) + "]",
}
OURS = (
    "timestamp",
    "eventTime ",
    "rawEvent",
    "rawEventTruncated",
    "rawEventKeptAt",
    "processedAt",
    "alertedAt",
    "expiresAt",
    "envelope",
    "reason",
    "detail",
    "_aws",
    "Environment",
    "outcome",
)


def extras() -> Iterator[Entry]:
    """Yield details with fields that the contract does not know."""
    for what, value in EXTRAS.items():
        yield Entry(f"{what} beside", detail(extra=value), {"status": "IN_TRANSIT"})
    for name in OURS:
        entry = detail(**{name: '"2026-01-01T00:00:00Z"'})
        yield Entry(f"{name} beside", entry, {"timestamp": TIME_MS})
    for name in ("alertedAt", "rawEventKeptAt", "updateId "):
        changes = {"status": '"LOST"', name: '"x"'}
        yield Entry(f"{name} of a critical one", detail(**changes), {"status": "LOST"}, alerts=True)
    twice = {"status": '"DELIVERED","status":"LOST"'}
    yield Entry("a status twice", detail(**twice), {"status": "LOST"}, alerts=True)
    twice = {"status": '"LOST","status":"DELIVERED"'}
    yield Entry("a status twice, the ordinary one last", detail(**twice), {"status": "DELIVERED"})
    twice = {"detail": f'{fields(DETAIL, {"status": "1"})},"detail":{fields(DETAIL, {})}'}
    yield Entry("a detail twice", envelope(**twice), {"status": "IN_TRANSIT"})
    twice = {"location": '"Memphis","location":null'}
    yield Entry("a location twice, null last", detail(**twice), {"location": "Unknown"})


def too_big() -> Iterator[Entry]:
    """Yield events over and just under what a row holds, and up to what an event may have."""
    notes = {
        "a note of 390,000 letters": ('"' + "x" * 390_000 + '"', True),
        "a note of 395,000 bytes in two-byte letters": ('"' + "\u00e9" * 197_500 + '"', True),
        "a note of 410,000 letters": ('"' + "x" * 410_000 + '"', False),
        "a note of 205,000 two-byte letters": ('"' + "\u00e9" * 205_000 + '"', False),
        "a note of 120,000 emoji": ('"' + "\U0001f69a" * 120_000 + '"', False),
        "a note of 100,000 NULs": ('"' + "\\u0000" * 100_000 + '"', False),
        "a list of 250,000 numbers": ("[" + ",".join(["1"] * 250_000) + "]", False),
        "an event of 1,000,000 bytes": ('"' + "x" * 999_600 + '"', False),
    }
    for what, (value, whole) in notes.items():
        for status, alerts in (("DELIVERED", False), ("LOST", True)):
            changes = {"status": f'"{status}"', "note": value}
            row = {"status": status}
            name = f"{what}, {status}"
            yield Entry(name, detail(**changes), row, alerts=alerts, whole=whole)
    rejected = detail(status="7", note='"' + "x" * 999_600 + '"')
    yield Entry("a rejected event of 1,000,000 bytes", rejected, reason="status: must be a string")


# What Python itself cannot read: Lambda tries it thrice and keeps it, as any error.
UNREADABLE = {
    "a number of 5,000 digits": "1" * 5000,
    "100,000 lists in each other": "[" * 100_000 + "]" * 100_000,
    "100,000 objects in each other": '{"a":' * 100_000 + "1" + "}" * 100_000,
}


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    yield from shapes()
    yield from extras()
    yield from too_big()
    for what, value in UNREADABLE.items():
        yield Entry(f"{what} beside", detail(extra=value), raised=True)
