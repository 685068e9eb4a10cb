"""PagerDuty's REST API as far as paybot needs it."""

from sandbox.pagerduty.api import API_KEY, routes

__all__ = ["API_KEY", "routes"]
