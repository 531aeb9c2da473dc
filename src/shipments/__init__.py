"""The operator's command for the shipment-update pipeline, which TapStack.yml deploys."""

__version__ = "1.0.0"
