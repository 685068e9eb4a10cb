"""SQS over real HTTP: what waits in the retry queue and in its dead letters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.config import Aws
from bot.ports import SourceError
from bot.sources.aws import Clients
from bot.sources.sqs import Sqs, count, dead_letters
from charts.data import Table
from commands.panel import Query
from tests.sources.aws import answering, fault, moto, settings
from tests.sources.vendor import Answer, window

DEAD = "arn:aws:sqs:eu-west-1:123456789012:payments-retry-prod-dlq"


def source(aws: Aws, env: str = "prod") -> Sqs:
    return Sqs(aws, env, Clients(aws))


def asked(aws: Aws, env: str = "prod") -> Table:
    found = source(aws).fetch({"queue": Query("sqs", "$queue")}, window(), env, 5)["queue"]
    assert isinstance(found, Table)
    return found


def attributes(**found: str) -> Answer:
    return Answer({"Attributes": found})


URL = Answer({"QueueUrl": "http://127.0.0.1:9/1/payments-retry-prod"})


def test_the_queue_and_its_dead_letters_are_counted_in_a_real_account() -> None:
    """FACTS 4.1: three counts each; the second queue is the one that the redrive policy names."""
    with moto() as (url, clients):
        sqs = clients.client("sqs")
        dead = sqs.create_queue(QueueName="payments-retry-prod-dlq")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})
        queue = sqs.create_queue(QueueName="payments-retry-prod", Attributes={"RedrivePolicy": policy})["QueueUrl"]
        for number in range(3):
            sqs.send_message(QueueUrl=queue, MessageBody=str(number))
        sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=600)
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)
        sqs.send_message(QueueUrl=dead, MessageBody="dead")
        found = asked(settings(url))
    assert found.rows == (("payments-retry-prod", "queue", 2, 1, 1), ("payments-retry-prod-dlq", "dead letters", 1, 0, 0))


def test_a_queue_without_dead_letters_is_one_row() -> None:
    """No redrive policy is no fault."""
    with answering(URL, attributes(ApproximateNumberOfMessages="7")) as vendor:
        found = asked(settings(vendor.url))
    assert found.rows == (("payments-retry-prod", "queue", 7, None, None),)


def test_every_attribute_is_asked_by_name() -> None:
    """FACTS 4.1: without AttributeNames there is no answer."""
    with answering(URL, attributes()) as vendor:
        asked(settings(vendor.url))
    names = vendor.asked[1].json()["AttributeNames"]
    assert "RedrivePolicy" in names
    assert len(names) == 4


def test_dead_letters_that_cannot_be_read_are_unknown_and_said() -> None:
    """The queue itself is still shown; nothing is zero."""
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 5})
    with answering(URL, attributes(ApproximateNumberOfMessages="7", RedrivePolicy=policy), fault("AccessDenied", 403)) as vendor:
        found = asked(settings(vendor.url))
    assert found.rows[1] == ("payments-retry-prod-dlq", "dead letters", None, None, None)
    assert found.notes[0].startswith("the dead-letter queue payments-retry-prod-dlq could not be read: SQS refused")


def test_the_dead_letters_are_looked_for_in_their_own_account() -> None:
    """A redrive policy may name a queue of another account."""
    policy = json.dumps({"deadLetterTargetArn": DEAD})
    with answering(URL, attributes(RedrivePolicy=policy), URL, attributes()) as vendor:
        asked(settings(vendor.url))
    assert vendor.asked[2].json() == {"QueueName": "payments-retry-prod-dlq", "QueueOwnerAWSAccountId": "123456789012"}


def test_a_queue_that_is_not_there_is_named() -> None:
    """With the name that was looked for: it is a setting."""
    with moto() as (url, _), pytest.raises(SourceError, match="has no queue called payments-retry-prod"):
        asked(settings(url))


def test_the_environment_chooses_the_queue() -> None:
    """`${ENV}` is the asked environment."""
    with answering(URL, attributes()) as vendor:
        assert asked(settings(vendor.url), "staging").rows[0][0] == "payments-retry-staging"


def test_a_queue_without_an_environment_in_its_name_belongs_to_one() -> None:
    """Nobody sees production's backlog as staging's."""
    with pytest.raises(SourceError, match="for prod only"):
        asked(settings("http://127.0.0.1:9", retry_queue="retries"), "staging")


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0.0), ("12", 12.0), ("", None), ("-1", None), ("٣", None), (None, None), (3, None)]
)
def test_counts_are_strings_and_what_is_missing_is_unknown(text: Any, number: float | None) -> None:
    """FACTS 4.1: all values are strings."""
    assert count(text) == number


@pytest.mark.parametrize(
    "policy", ["", "{}", "not json", '{"deadLetterTargetArn": "x"}', "[]", '{"deadLetterTargetArn": "arn:aws:sns:a:1:q"}']
)
def test_a_policy_that_names_no_queue_has_no_dead_letters(policy: str) -> None:
    """Whatever stands there: no exception, no second row."""
    assert dead_letters(policy) is None


def test_the_probe_says_what_is_there() -> None:
    """`paybot check --connect`."""
    with answering(URL, attributes()) as vendor:
        assert "payments-retry-prod is there" in source(settings(vendor.url)).probe(5)


def test_a_page_that_is_no_answer_is_no_empty_queue() -> None:
    """A proxy's HTML is said, not counted."""
    with answering(Answer(b"<html>")) as vendor, pytest.raises(SourceError) as error:
        asked(settings(vendor.url))
    assert error.value.kind == "bad_answer"
