"""Alerts: rules judged against the sources, one episode for each problem, and what is owed to the channels."""
