"""Opsgenie as far as paybot needs it: alerts by alias, and requests that are processed a moment later."""

from sandbox.opsgenie.alerts import Alerts
from sandbox.opsgenie.api import API_KEY, routes

__all__ = ["API_KEY", "Alerts", "routes"]
