"""The sandbox's Elasticsearch: searches of the company's log lines in the vendor's own format."""

from sandbox.elastic.api import API_KEY, routes

__all__ = ["API_KEY", "routes"]
