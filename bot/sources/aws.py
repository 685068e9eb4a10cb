"""AWS through boto3: one client for each service, made once, and its errors as SourceErrors. The only module that knows those."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeVar

from bot.config import Aws
from bot.ports import SourceError
from bot.sources.faults import RateLimited, Refused, missed, unreadable
from bot.sources.retry import Deadline, patiently

CONNECT_S: Final = 3.0
READ_S: Final = 6.0  # of one attempt; shorter than the deadline of an ask
CONNECTIONS: Final = 16
NEEDS: Final = "needs AWS_REGION or AWS_PROFILE"

_DENIED: Final = ("AccessDenied", "UnrecognizedClient", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidAccessKeyId")
_DENIED_TOO: Final = ("AuthFailure", "NotAuthorized", "UnauthorizedOperation", "Forbidden", "403", "AllAccessDisabled", "KMS")
_EXPIRED: Final = ("ExpiredToken", "RequestExpired", "TokenRefreshRequired")
_THROTTLED: Final = ("Throttl", "TooManyRequests", "RequestThrottled", "RequestLimitExceeded", "SlowDown", "LimitExceeded")

T = TypeVar("T")
log = logging.getLogger(__name__)


class Clients:
    """Clients of one account, by service ("sqs", "cloudwatch", "logs", "events", "s3", "athena"). Threads may share it."""

    def __init__(self, settings: Aws) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The service's client. A new session takes twenty times as long as a client, so there is one."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def call(self, service: str, operation: str, deadline: Deadline, what: str, **arguments: Any) -> Mapping[str, Any]:
        """The answer to a read, asked again where that can help. `what` names what may not be there: "queue called retries"."""

        def attempt() -> Mapping[str, Any]:
            deadline.left()
            with translated(deadline, what):
                answer: Mapping[str, Any] = getattr(self.client(service), operation)(**arguments)
                return answer

        return patiently(attempt, deadline)

    def _make(self, service: str) -> Any:
        from boto3.session import Session  # noqa: PLC0415 - half a second, paid by the first question
        from botocore.config import Config as Options  # noqa: PLC0415

        from bot.sources.aws_session import BoundedSession  # noqa: PLC0415 - imports botocore

        settings = self._settings
        if self._session is None:
            with translated(Deadline(CONNECT_S), "profile of that name"):
                self._session = Session(profile_name=settings.profile or None, region_name=settings.region or None)
        options = Options(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": 1},  # we retry ourselves, within the deadline of the ask
            s3={"addressing_style": "path"} if settings.endpoint_url else None,
        )
        client = self._session.client(
            service,
            endpoint_url=settings.endpoint_url or None,  # None: boto3 reads its own AWS_ENDPOINT_URL…
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key or None,
            config=options,
        )
        endpoint = client._endpoint  # no option of botocore's leads there; a test would see it move
        endpoint.http_session = BoundedSession(endpoint.http_session, CONNECT_S + READ_S)
        return client


def part(answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A part of an answer that must be there: boto3 reads a page that is no JSON as an empty answer."""
    found = answer.get(name)
    if not isinstance(found, kind):
        raise unreadable()
    return found


@lru_cache(maxsize=8)
def clients(settings: Aws) -> Clients:
    """The clients of these settings: all sources of one account share them. Nothing is made before the first question."""
    return Clients(settings)


def named(template: str, env: str, own: str, what: str) -> str:
    """A name in which `${ENV}` is the asked environment; one without it belongs to the environment of the settings alone."""
    if "${ENV}" not in template and env != own:
        raise SourceError(f"has {what} for {own} only", "not_configured")
    return template.replace("${ENV}", env)


@contextmanager
def translated(deadline: Deadline, what: str) -> Iterator[None]:
    """Whatever boto3 raises, as a SourceError in our words: no account, no ARN, nothing that AWS wrote."""
    from botocore import exceptions as boto  # noqa: PLC0415 - as heavy as the client
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    try:
        yield
    except boto.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        log.warning("AWS answered %s (%d)", code[:80], status)
        raise refused(code, status, what, str(error.response.get("Error", {}).get("Message", ""))) from error
    except (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.TokenRetrievalError,
    ) as error:
        raise SourceError("cannot be asked: no AWS credentials were found; give paybot a role or keys", "denied") from error
    except (boto.ProfileNotFound, boto.ConfigParseError, boto.NoRegionError) as error:
        raise SourceError("cannot be asked: AWS_PROFILE or AWS_REGION names nothing that is there", "denied") from error
    except (boto.ReadTimeoutError, boto.ConnectTimeoutError) as error:
        if deadline.fits(READ_S):  # who reads files has more patience than one attempt
            raise SourceError(f"did not answer in {READ_S:g} s", "unavailable") from error
        raise missed(min(READ_S, deadline.timeout_s)) from error
    except boto.SSLError as error:
        raise SourceError("could not be reached over TLS", "unavailable") from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        raise SourceError("could not be reached", "unavailable") from error
    except boto.ParamValidationError as error:
        raise SourceError("refused the question: a name in the settings cannot be one of AWS", "bad_request") from error
    except (ResponseParserError, boto.BotoCoreError) as error:
        raise unreadable() from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:  # no URL, an answer of another shape
        raise unreadable() from error


def refused(code: str, status: int, what: str, why: str = "") -> SourceError:
    """What an error code of AWS means for those who read it, and what to do about it."""
    if code.startswith(_EXPIRED):
        return SourceError("refused our credentials: they have expired; renew them", "denied")
    if code.startswith((*_DENIED, *_DENIED_TOO)):
        return SourceError("refused our credentials: paybot's role lacks a right (see the page on sources)", "denied")
    if any(word in code for word in _THROTTLED) or status == 429:
        return RateLimited()
    if "NonExistent" in code or "DoesNotExist" in code or "NotFound" in code or code.startswith("NoSuch") or status == 404:
        return SourceError(f"has no {what}", "bad_request")
    if status >= 500:
        return SourceError(f"answered with an error of its own ({status})", "unavailable")
    return Refused(status or "no status", why)
