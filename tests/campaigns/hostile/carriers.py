"""What carriers and tracking platforms really send: status words, and shapes of details.

carriers.csv has the words, each with the status that is stored and what comes of the update:

- alert: the default CriticalStatuses find it.
- ordinary: the shipment is on its way or delivered, or its label is made or cancelled.
- missed: a person would call it trouble, but the default CriticalStatuses do not find it. Codes
  and words such as UNDELIVERABLE or ON_HOLD are for users to add, because how bad they are
  depends on the carrier.
- rejected: a sentence that is too long for a status.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.campaigns.hostile.corpus import OWN, Entry, detail, text

# Where each platform's words are documented, or a public repository that has recorded them.
SOURCES = {
    "17TRACK": "help.17track.net: Understanding tracking status; trackcenter.crisp.help",
    "AfterShip": "www.aftership.com/docs/tracking/enum/delivery-sub-statuses",
    "Amazon Selling Partner API": "github.com/amzn/selling-partner-api-models, models/",
    "Australia Post": "developers.auspost.com.au: Shipping and Tracking, reference-statuses",
    "Canada Post": "github.com/Shopify/active_shipping and karrioapi/karrio: recorded responses",
    "DCSA": "github.com/dcsaorg/DCSA-OpenAPI, domain/event/event_domain_v3.0.0.yaml",
    "DHL": "support-developer.dhl.com; github.com/sailrish/shipit and karrioapi/karrio: recorded",
    "DPD": "integrations.dpd.nl: Statusdata via SFTP; github.com/karrioapi/karrio: recorded",
    "Distribution Innovation": "jira-di.atlassian.net: additionalinfoAPIkeys of events",
    "EasyPost": "docs.easypost.com/docs/trackers: status and status_detail",
    "FedEx": "github.com/karrioapi/karrio and Shopify/active_shipping: recorded responses",
    "GLS": "github.com/karrioapi/karrio: ParcelDTO.status of GLS's Track and Trace API",
    "GS1 EPCIS": "github.com/gs1/EPCIS: dispositions of the Core Business Vocabulary",
    "Kuaidi100": "www.kd100.com/docs/tracking-status-codes",
    "La Poste": "github.com/karrioapi/karrio: recorded; github.com/petrus-v/AnyBlok-Delivery",
    "Royal Mail": "github.com/elliotjreed/royal-mail-tracking: event codes",
    "Sendle": "github.com/karrioapi/karrio: event types of Sendle's tracking API",
    "ShipEngine": "github.com/ShipEngine/shipengine-openapi: status_code, status_detail_code",
    "Shippo": "docs.goshippo.com/docs/tracking/tracking: event definitions",
    "Track123": "track123-api.readme.io/reference/package-status-copy",
    "TrackingMore": "www.trackingmore.com/docs/logistics_status.php",
    "UPS": "www.ups.com: qvm-10; github.com/sailrish/shipit and karrioapi/karrio: recorded",
    "USPS": "soeasilydistracted.com: USPS scan events; github.com/sailrish/shipit: recorded",
    "karrio": "github.com/karrioapi/karrio, modules/sdk/karrio/core/units.py",
    "project44": "developers.project44.com/guides: LTL, appendices for shippers and carriers",
}


class Word(NamedTuple):
    """A word as a platform sends it. status: as it is stored, empty if it is rejected."""

    platform: str
    word: str
    status: str
    outcome: str


def _words() -> list[Word]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return [Word(**row) for row in csv.DictReader(file)]


WORDS = _words()


def words() -> Iterator[Entry]:
    """Yield every word."""
    for platform, word, status, outcome in WORDS:
        name, event = f"{platform}: {word!a}", detail(status=text(word))
        if outcome == "rejected":
            yield Entry(name, event, reason="status: must have 1 to 64 characters")
        else:
            yield Entry(name, event, {"status": status}, alerts=outcome == "alert")


# Places, as compact JSON.
EASYPOST = '{"object":"TrackingLocation","city":"RENO","state":"NV","country":"US","zip":"89501"}'
FEDEX = (
    '{"addressClassification":"BUSINESS","residential":false,"streetLines":["1 Example Street",'
    '"Suite 9"],"city":"SEATTLE","urbanizationCode":"","stateOrProvinceCode":"WA","postalCode":'
    '"98101","countryCode":"US","countryName":"United States","locationId":"SEA","locationType":'
    '"PICKUP_LOCATION"}'
)
PROJECT44 = (
    '{"address":{"country":"US","postalCode":"60654","addressLines":["1 Example Plaza"],"city":'
    '"Chicago","state":"IL"},"geoCoordinates":{"latitude":41.88837,"longitude":-87.63536}}'
)
SCAC = '{"type":"SCAC","value":"FXFE"}'
DCSA = '{"locationName":"Münster","locationType":"UNLO","UNLocationCode":"DEMSR"}'
EPCIS = '{"id":"urn:epc:id:sgln:0614141.07346.1234"}'


class Payload(NamedTuple):
    """A detail in the shape of a platform's. location and carrier: JSON; row: as they are stored.

    time: as it comes; timestamp: in epoch ms.
    """

    status: str
    location: str
    carrier: str
    time: str
    timestamp: int
    row: tuple[str, str]


PAYLOADS = {
    "EasyPost: an object as place": Payload(
        "transit_exception",
        EASYPOST,
        '"USPS"',
        "2025-03-04T12:29:00Z",
        1_741_091_340_000,
        (EASYPOST, "USPS"),
    ),
    "FedEx: an object of over 256 characters as place": Payload(
        "Delivery exception",
        FEDEX,
        '"FDXE"',
        "2025-03-04T12:01:00-07:00",
        1_741_114_860_000,
        (FEDEX[:255] + "\u2026", "FDXE"),
    ),
    "project44: objects as place and carrier, an offset without a colon": Payload(
        "WEATHER_DELAY",
        PROJECT44,
        SCAC,
        "2025-03-04T01:30:00-0500",
        1_741_069_800_000,
        (PROJECT44, SCAC),
    ),
    "17TRACK: no place, a number as carrier": Payload(
        "Exception_Lost",
        '""',
        "100003",
        "2025-03-04T13:36:00+08:00",
        1_741_066_560_000,
        ("Unknown", "100003"),
    ),
    "DCSA: an object with a name in UTF-8 as place, half an hour in the offset": Payload(
        "LOAD",
        DCSA,
        '"MAEU"',
        "2025-03-04T07:41:00+08:30",
        1_741_043_460_000,
        (DCSA, "MAEU"),
    ),
    "GS1 EPCIS: an identifier in an object as place, null as carrier": Payload(
        "urn:epcglobal:cbv:disp:damaged",
        EPCIS,
        "null",
        "2025-03-04T20:33:31.116-06:00",
        1_741_142_011_116,
        (EPCIS, "Unknown"),
    ),
    "AfterShip: coordinates as place": Payload(
        "InTransit_007",
        "[-87.63536,41.88837]",
        '" fedex "',
        "2025-03-04T07:09:05.513Z",
        1_741_072_145_513,
        ("[-87.63536,41.88837]", "fedex"),
    ),
}
STATUSES = {word.word: word for word in WORDS}


def payloads() -> Iterator[Entry]:
    """Yield details in the shapes that platforms send."""
    for name, (status, location, carrier, time, timestamp, stored) in PAYLOADS.items():
        changes = {"status": text(status), "eventTime": text(time), "updateId": f'"U-{OWN}"'}
        row = {
            "status": STATUSES[status].status,
            "location": stored[0],
            "carrier": stored[1],
            "timestamp": timestamp,
            "updateId": f"U-{OWN}",
        }
        event = detail(location=location, carrier=carrier, **changes)
        yield Entry(name, event, row, alerts=STATUSES[status].outcome == "alert")


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    yield from words()
    yield from payloads()
