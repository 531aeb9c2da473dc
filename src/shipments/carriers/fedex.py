"""FedEx: an answer of the Track API, or what its webhook (Advanced Integrated Visibility) sends.

Shape: https://developer.fedex.com/api/en-us/catalog/track/v1/docs.html and, of the webhook,
https://developer.fedex.com/api/en-us/catalog/shipment-visibility-webhook/docs.html with its schema
TestWebhookOutputVO; both have ``output.completeTrackResults``.

- Each result repeats the scans so far, which have no id: the handler makes one. A webhook that
  only adds a proof of delivery or another forecast has no new scan, and so adds no update.
- ``eventDescription`` is the status (else ``derivedStatus``), with ``exceptionDescription`` and a
  delay (``delayDetail``).
- ``date`` has the zone of the place.
- A package that FedEx does not know (``error``) has no scan and no update.
"""

from typing import Any

from shipments.carriers.reading import entries, filled, member, place, worded

PUNCTUAL = {"ON_TIME", "EARLY"}


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of an answer; raise ValueError, which names the field, if it is none."""
    output = member(payload, "", "output", dict)
    member(output, "output", "completeTrackResults", list)
    found = []
    for package_path, package in entries(output, "output", "completeTrackResults"):
        shipment = member(package, package_path, "trackingNumber", str)
        for result_path, result in entries(package, package_path, "trackResults"):
            for path, scan in entries(result, result_path, "scanEvents"):
                location = scan.get("scanLocation")
                found.append(
                    filled(
                        shipmentId=shipment,
                        status=status(scan, path),
                        location=place(
                            location, "city", "stateOrProvinceCode", "postalCode", "countryCode"
                        ),
                        carrier="FedEx",
                        eventTime=member(scan, path, "date", str),
                    )
                )
    return found


def status(scan: Any, path: str) -> str:
    """Return what a scan says, with its exception and its delay."""
    described = "eventDescription" if scan.get("eventDescription") else "derivedStatus"
    what = member(scan, path, described, str)
    exception = member(scan, path, "exceptionDescription", str, required=False)
    delay = member(scan, path, "delayDetail", dict, required=False)
    delayed = member(delay, f"{path}.delayDetail", "status", str, required=False)
    return worded(what, exception, "" if delayed in PUNCTUAL else delayed)
