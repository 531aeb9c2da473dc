"""UPS: the event that Track Alert pushes.

Shape: TrackingEventRequest of https://github.com/UPS-API/api-documentation (UPSTrackAlert.yaml),
published as https://developer.ups.com/tag/UPS-Track-Alert.

- A push is one event and has no id: the handler makes one of the content, so that a push that
  comes again is a redelivery.
- The status is ``activityStatus.description``. For a delivery it is DELIVERED, and for a package
  exception (type X) it begins with EXCEPTION, which the description often does not have.
- The time is ``gmtActivityDate`` and ``gmtActivityTime``, else the local ones and ``gmtOffset``,
  else the payload has no time that could be trusted and is refused.
- The photo and the receiver's name of a delivery are left out.
"""

import re
from typing import Any

from shipments.carriers.reading import filled, member, place, worded

MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)
OFFSET = re.compile(r"([+-]\d\d)\.(\d\d)", re.ASCII)


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the detail of a push; raise ValueError, which names the field, if it is none."""
    activity = member(payload, "", "activityStatus", dict)
    location = payload.get("activityLocation")
    detail = filled(
        shipmentId=member(payload, "", "trackingNumber", str),
        status=status(activity),
        location=place(location, "city", "stateProvince", "postalCode", "country"),
        carrier="UPS",
        eventTime=event_time(payload),
    )
    return [detail]


def status(activity: Any) -> str:
    """Return what an activity is."""
    kind = member(activity, "activityStatus", "type", str)
    if kind == "D":
        return "DELIVERED"
    description = member(activity, "activityStatus", "description", str)
    return worded("EXCEPTION" if kind == "X" else "", description)


def event_time(payload: Any) -> str:
    """Return when it happened as ISO 8601 with zone."""
    which, zone = "gmt", "Z"
    if not payload.get("gmtActivityDate"):
        offset = OFFSET.fullmatch(member(payload, "", "gmtOffset", str))
        if not offset:
            raise ValueError("gmtOffset: must be like -04.00")
        which, zone = "local", f"{offset[1]}:{offset[2]}"
    date, time = (member(payload, "", f"{which}Activity{part}", str) for part in ("Date", "Time"))
    found = MOMENT.fullmatch(date + time)
    if not found:
        raise ValueError(f"{which}ActivityDate: must be YYYYMMDD, and the time HHMMSS")
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
