"""Every fault that an AWS call can have, and what becomes of an update under it."""
