"""The sandbox's Datadog: metric queries and events in the vendor's own format, out of the company's one stream of events."""

from sandbox.datadog.api import API_KEY, APP_KEY, routes

__all__ = ["API_KEY", "APP_KEY", "routes"]
