"""PagerDuty as far as paybot needs it: who is on call, events and incidents, and webhooks back to the bot."""

from sandbox.pagerduty.api import API_KEY, ROUTING_KEY, routes
from sandbox.pagerduty.incidents import Incidents
from sandbox.pagerduty.webhooks import Webhooks

__all__ = ["API_KEY", "ROUTING_KEY", "Incidents", "Webhooks", "routes"]
