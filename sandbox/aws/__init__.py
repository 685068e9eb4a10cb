"""The company's AWS account: its queues, its bus, its archives, behind moto's server."""

from sandbox.aws.bus import BUS
from sandbox.aws.cloud import ACCESS_KEY, CLOUDFRONT, EVENT_LOG_GROUP, PATH, REGION, SECRET_KEY, SEGMENT, Cloud

__all__ = ["ACCESS_KEY", "BUS", "CLOUDFRONT", "EVENT_LOG_GROUP", "PATH", "REGION", "SECRET_KEY", "SEGMENT", "Cloud"]
