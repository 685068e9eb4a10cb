"""What AWS does wrong, in words: every error of boto3 is a SourceError that names what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.config import Aws
from bot.ports import SourceError
from bot.sources.aws import Clients, clients, named, part
from bot.sources.retry import Deadline
from tests.sources.aws import REGION, answering, fault, settings
from tests.sources.vendor import HANG_UP, Answer


def call(url: str, timeout_s: float = 5.0) -> None:
    clients = Clients(settings(url))
    clients.call("sqs", "get_queue_url", Deadline(timeout_s), "queue called retries", QueueName="retries")


@pytest.mark.parametrize(
    ("code", "status", "said", "kind"),
    [
        ("AccessDenied", 403, "paybot's role lacks a right", "denied"),
        ("AccessDeniedException", 400, "paybot's role lacks a right", "denied"),
        ("UnrecognizedClientException", 400, "paybot's role lacks a right", "denied"),
        ("InvalidClientTokenId", 403, "paybot's role lacks a right", "denied"),
        ("SignatureDoesNotMatch", 403, "paybot's role lacks a right", "denied"),
        ("ExpiredToken", 403, "have expired; renew them", "denied"),
        ("ExpiredTokenException", 400, "have expired; renew them", "denied"),
        ("ThrottlingException", 400, "asks us to wait", "rate_limited"),
        ("RequestThrottled", 403, "asks us to wait", "rate_limited"),
        ("TooManyRequestsException", 429, "asks us to wait", "rate_limited"),
        ("QueueDoesNotExist", 400, "has no queue called retries", "bad_request"),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, "has no queue called retries", "bad_request"),
        ("ResourceNotFoundException", 400, "has no queue called retries", "bad_request"),
        ("ValidationException", 400, "refused the question (400)", "bad_request"),
    ],
)
def test_every_refusal_is_said_in_our_words(code: str, status: int, said: str, kind: str) -> None:
    """No account, no ARN, nothing that AWS wrote; and asked once, as asking again cannot help."""
    with answering(fault(code, status)) as vendor, pytest.raises(SourceError) as error:
        call(vendor.url)
    assert said in error.value.said
    assert error.value.kind == kind
    assert "arn:" not in error.value.said
    assert len(vendor.asked) == 1


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("answer", [fault("InternalFailure", 500), fault("ServiceUnavailable", 503), HANG_UP])
def test_what_may_pass_is_asked_three_times(answer: Answer) -> None:
    """Not by botocore, which knows nothing of our deadline."""
    with answering(answer) as vendor, pytest.raises(SourceError) as error:
        call(vendor.url)
    assert error.value.kind == "unavailable"
    assert len(vendor.asked) == 3


@pytest.mark.usefixtures("no_pauses")
def test_a_failure_that_passes_is_no_failure() -> None:
    """The second answer counts."""
    with answering(fault("InternalFailure", 500), Answer({"QueueUrl": "u"})) as vendor:
        call(vendor.url)
    assert len(vendor.asked) == 2


@pytest.mark.usefixtures("no_pauses")
def test_nobody_listens() -> None:
    """A closed port is said as such."""
    with pytest.raises(SourceError, match="could not be reached"):
        call("http://127.0.0.1:9")


@pytest.mark.parametrize(("answer", "kind"), [({}, str), ({"QueueUrl": 7}, str), ({"Rules": {}}, list)])
def test_a_part_that_is_missing_is_no_empty_one(answer: dict[str, object], kind: type) -> None:
    """boto3 reads a proxy's page as an empty answer, which must not become an empty queue."""
    with pytest.raises(SourceError) as error:
        part(answer, next(iter(answer), "QueueUrl"), kind)
    assert error.value.kind == "bad_answer"


def test_missing_credentials_say_what_to_give() -> None:
    """In a process of its own: this one may have some in its surroundings."""
    code = (
        "from bot.config import Aws\nfrom bot.sources.aws import Clients\nfrom bot.sources.retry import Deadline\n"
        "from bot.ports import SourceError\n"
        f"clients = Clients(Aws(region={REGION!r}, endpoint_url='http://127.0.0.1:9'))\n"
        "try: clients.call('sqs', 'list_queues', Deadline(5), 'queue')\n"
        "except SourceError as error: print(error.said)"
    )
    bare = {"PATH": "/usr/bin", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=bare, timeout=30, check=True)
    assert "no AWS credentials were found" in found.stdout


def test_there_is_one_client_for_each_service() -> None:
    """Sources of one account share them; a client takes half a second to make."""
    aws = settings("http://127.0.0.1:9")
    assert clients(aws).client("sqs") is clients(settings("http://127.0.0.1:9")).client("sqs")


def test_no_import_of_paybot_loads_boto3() -> None:
    """It takes half of the time in which the port is to be open."""
    code = "import sys, bot.app; sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'duckdb', 'sqlglot')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_a_name_without_an_environment_belongs_to_that_of_the_settings() -> None:
    """And one with it to whichever is asked."""
    assert named("retry-${ENV}", "staging", "prod", "a queue") == "retry-staging"
    assert named("retries", "prod", "prod", "a queue") == "retries"
    with pytest.raises(SourceError, match="has a queue for prod only"):
        named("retries", "staging", "prod", "a queue")


def test_keys_do_not_show_in_the_settings() -> None:
    """Settings may be logged."""
    assert "not-a-secret" not in repr(settings("http://127.0.0.1:9"))
    assert Aws().region == ""
