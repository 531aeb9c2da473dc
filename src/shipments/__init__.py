"""The operator's command for the shipment-update pipeline, which TapStack.yml deploys."""

__version__ = "0.2.0"
