"""The retry queue over time, as CloudWatch knows it: asked by every section that speaks of the backlog."""

from __future__ import annotations

from commands.panel import Query

TEXT = '{"namespace": "AWS/SQS", "metric": "%s", "stat": "Maximum", "dimensions": {"QueueName": "$queue"}}'

DEPTH = Query("cloudwatch", TEXT % "ApproximateNumberOfMessagesVisible")
AGE = Query("cloudwatch", TEXT % "ApproximateAgeOfOldestMessage", {"unit": "s"})
