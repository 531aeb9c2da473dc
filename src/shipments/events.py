"""What makes an event on a bus a shipment update. The template's rule has the same two words."""

SOURCE = "logistics.shipments"
DETAIL_TYPE = "Shipment Update"
