"""Payloads in the public shape of each source, and what becomes of them.

They are in tests/unit/shipments/payloads, an array for each source, and were written for the tests:
no shipment and no person in them exists.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "payloads"
PAYLOADS: dict[str, list[Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}


class Update(NamedTuple):
    """What is stored of one event. time: as the payload has it, or as the mapping makes it."""

    shipment: str
    status: str
    time: str
    location: str = "Unknown"
    critical: bool = False


BOISE, MEMPHIS = "BOISE, ID, 83702, US", "MEMPHIS, TN, 38118, US"
VEGAS, SAN_JOSE = "Las Vegas, NV, 89101, US", "San José, CA, 95131, US"
SEATTLE, GEORGIA = "SEATTLE, WA, 98101, US", "Alpharetta, GA, US"
EPCIS_TIME, UPS_TIME = "2026-11-21T10:33:31.116-06:00", "2026-11-21T19:15:30Z"
SHIPPO, DHL = "9205590164917312751", "JD01460000628123070"
SSCC, SGLN = "urn:epc:id:sscc:0614141.", "urn:epc:id:sgln:0614141."
LINK = "https://id.gs1.org/00/09521568251204"
UNFIT = "EXCEPTION_DAMAGED_SHIPMENT_HANDLING_PER_SHIPPER_INSTRUCTIONS_AT"
UPS_LOST = "EXCEPTION_WEVE_BEGUN_AN_INVESTIGATION_TO_LOCATE_THE_LOST_PACKAGE"
UPS_LATE = "DELAYED_DUE_TO_WEATHER_CONDITIONS_BEYOND_OUR_CONTROL_YOUR"
UPS_LABEL = "SHIPPER_CREATED_A_LABEL_UPS_HAS_NOT_RECEIVED_THE_PACKAGE_YET"
NOBODY_THERE = "DELIVERY_EXCEPTION_CUSTOMER_NOT_AVAILABLE_OR_BUSINESS_CLOSED"

STORED: dict[str, list[Update]] = {
    "aftership": [
        Update(f"{DHL}1", "INFO_RECEIVED", "2026-11-20T09:00:00+01:00"),
        Update(f"{DHL}1", "IN_TRANSIT", "2026-11-20T22:30:00Z", "Leipzig, 04435, DEU"),
        Update(
            f"{DHL}1",
            "EXCEPTION_DELAYED_CUSTOMS_CLEARANCE",
            "2026-11-21T10:00:00+09:00",
            "東京都",
            critical=True,
        ),
        Update(f"{DHL}1", "DELIVERED", "2026-11-22T09:58:00Z", "東京, JPN"),
        Update(f"{DHL}2", "EXCEPTION_SHIPMENT_LOST", "2026-11-21T10:00:00Z", critical=True),
        Update(f"{DHL}3", "EXCEPTION_SHIPMENT_DAMAGE", "2026-11-21T10:00:00Z", critical=True),
        Update(f"{DHL}4", "ATTEMPT_FAIL_ADDRESSEE_NOT_AVAILABLE", "2026-11-21T10:00:00Z"),
        Update(f"{DHL}5", "IN_TRANSIT", "2026-10-21T10:00:00Z"),
        Update(f"{DHL}5", "EXPIRED", "2026-11-22T10:00:00Z"),
    ],
    "dcsa": [
        Update("ABC123123123", "BKG_CONF", "2026-11-10T09:00:00Z"),
        Update("ABC123123123", "LOAD", "2026-11-20T06:41:00Z", "Hamburg, DEHAM"),
        Update("ABC123123123", "DEPA", "2026-11-20T18:00:00Z", "Hamburg, DEHAM"),
        Update("ABC123123123", "ARRI_DELAYED_WEA", "2026-11-21T09:00:00Z", "SGSIN", critical=True),
        Update("APZU4812091", "GTOT", "2026-11-20T23:11:00Z", "Münster"),
        Update("CUS-7", "CUS_HOLD", "2026-11-21T09:00:00Z"),
    ],
    "easypost": [
        Update("EZ1000000001", "PRE_TRANSIT", "2026-11-20T09:00:00Z"),
        Update("EZ1000000001", "IN_TRANSIT", "2026-11-21T09:14:00Z", MEMPHIS),
        Update(
            "EZ1000000001",
            "IN_TRANSIT_WEATHER_DELAY",
            "2026-11-21T11:40:00Z",
            "MEMPHIS, TN, US",
            critical=True,
        ),
        Update("EZ1000000001", "OUT_FOR_DELIVERY", "2026-11-22T15:02:00Z", BOISE),
        Update("EZ1000000001", "DELIVERED", "2026-11-22T16:41:07Z", BOISE),
        Update("EZ1000000002", "IN_TRANSIT", "2026-11-20T12:00:00Z"),
        Update("EZ1000000002", "FAILURE_LOST", "2026-11-22T09:59:58Z", critical=True),
        Update("EZ1000000003", "FAILURE_DAMAGED", "2026-11-21T12:00:00Z", critical=True),
        Update("EZ1000000004", "IN_TRANSIT_DELAYED", "2026-11-21T12:30:00Z", critical=True),
        Update("EZ1000000005", "FAILURE_DELIVERY_EXCEPTION", "2026-11-21T13:00:00Z", critical=True),
        Update("EZ1000000006", "PRE_TRANSIT", "2026-11-22T09:59:58Z"),
    ],
    "epcis": [
        Update(f"{SSCC}1234567890", "IN_TRANSIT", EPCIS_TIME, f"{SGLN}07346.1234"),
        Update(f"{SSCC}1234567891", "IN_TRANSIT", EPCIS_TIME, f"{SGLN}07346.1234"),
        Update(
            f"{SSCC}1234567890",
            "DAMAGED_INSPECTING",
            EPCIS_TIME,
            f"{SGLN}00888.0",
            critical=True,
        ),
        Update(f"{LINK}0001", "IN_PROGRESS", EPCIS_TIME),
        Update(f"{LINK}0007", "ARRIVING", EPCIS_TIME),
        Update(f"{LINK}0008", "DELAYED", EPCIS_TIME, critical=True),
        Update(f"{LINK}0009", "IN_TRANSIT_LOST", EPCIS_TIME, critical=True),
        Update(f"{LINK}0010", "DELIVERY_EXCEPTION", EPCIS_TIME, critical=True),
    ],
    "fedex": [
        Update("123456789011", "DELIVERED", "2026-11-22T19:02:00Z", SEATTLE),
        Update("123456789011", "ON_FED_EX_VEHICLE_FOR_DELIVERY", "2026-11-22T14:30:00Z", SEATTLE),
        Update(
            "123456789011",
            "ARRIVED_AT_FED_EX_LOCATION_DELAYED",
            "2026-11-22T02:00:00Z",
            "MEMPHIS, TN, 98101, US",
            critical=True,
        ),
        Update("123456789011", "PICKED_UP", "2026-11-20T22:00:00Z", "BOSTON, MA, 98101, US"),
        Update("123456789012", NOBODY_THERE, "2026-11-21T18:00:00Z", SEATTLE, critical=True),
        Update("123456789013", UNFIT, "2026-11-21T18:00:00Z", SEATTLE, critical=True),
        Update(
            "123456789014",
            "SHIPMENT_EXCEPTION_PACKAGE_REPORTED_LOST",
            "2026-11-21T18:00:00Z",
            SEATTLE,
            critical=True,
        ),
        Update(
            "123456789015", "DELAY_LOCAL_WEATHER", "2026-11-21T18:00:00Z", SEATTLE, critical=True
        ),
    ],
    "shippo": [
        Update(f"{SHIPPO}089", "PRE_TRANSIT", "2026-11-20T08:00:00Z"),
        Update(f"{SHIPPO}089", "TRANSIT", "2026-11-20T18:30:00Z", VEGAS),
        Update(f"{SHIPPO}089", "TRANSIT_DELAYED", "2026-11-21T07:15:00Z", VEGAS, critical=True),
        Update(f"{SHIPPO}089", "DELIVERED", "2026-11-22T17:05:00Z", SAN_JOSE),
        Update(f"{SHIPPO}090", "TRANSIT", "2026-11-20T18:30:00Z", VEGAS),
        Update(f"{SHIPPO}090", "FAILURE_PACKAGE_LOST", "2026-11-22T10:00:00Z", critical=True),
        Update(f"{SHIPPO}091", "TRANSIT_PACKAGE_DAMAGED", "2026-11-22T10:00:00Z", critical=True),
        Update(f"{SHIPPO}092", "FAILURE_PACKAGE_UNDELIVERABLE", "2026-11-22T10:00:00Z"),
        Update(f"{SHIPPO}093", "RETURNED", "2026-11-22T10:00:00Z"),
        Update(f"{SHIPPO}094", "UNKNOWN", "2026-11-22T10:00:00Z"),
    ],
    "ups": [
        Update("1Z1234567891234551", "DEPARTED_FROM_FACILITY", UPS_TIME, GEORGIA),
        Update(
            "1Z1234567891234552",
            "EXCEPTION_THE_ADDRESS_IS_INCORRECT",
            UPS_TIME,
            GEORGIA,
            critical=True,
        ),
        Update("1Z1234567891234553", UPS_LOST, UPS_TIME, GEORGIA, critical=True),
        Update(
            "1Z1234567891234554",
            "EXCEPTION_MERCHANDISE_WAS_DAMAGED",
            UPS_TIME,
            GEORGIA,
            critical=True,
        ),
        Update("1Z1234567891234555", UPS_LATE, UPS_TIME, GEORGIA, critical=True),
        Update("1Z1234567891234556", "DELIVERED", UPS_TIME, GEORGIA),
        Update("1Z1234567891234557", UPS_LABEL, UPS_TIME, GEORGIA),
    ],
}
