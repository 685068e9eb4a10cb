"""The Compose file: valid, locked down, and in agreement with the image and the settings."""

from __future__ import annotations

from pathlib import Path

import compose_spec
import pytest

from bot.config import KNOWN, read
from tests.deploy.files import DEPLOY, compose, image_env, services, settings_named, stage
from tests.deploy.test_kubernetes import SECRETS


def test_it_is_valid() -> None:
    """By the specification, with its merged parts; every network, volume and secret that is used is declared."""
    options = compose_spec.PyOptions(apply_merge=True)
    found = options.from_yaml((DEPLOY / "compose.yaml").read_text())
    found.validate()
    assert set(found.service_names()) == {"paybot-1", "paybot-2", "postgres"}


def test_a_secret_that_nobody_declared_would_be_seen() -> None:
    """The check above can fail."""
    options = compose_spec.PyOptions(apply_merge=True)
    text = (DEPLOY / "compose.yaml").read_text().replace("  heartbeat-url: {file", "  heartbeat: {file")
    with pytest.raises(Exception, match="heartbeat-url"):
        options.from_yaml(text).validate()


@pytest.mark.parametrize("name", ["paybot-1", "paybot-2", "postgres"])
def test_every_service_is_locked_down(name: str) -> None:
    """Read-only, without rights that it need not have, within limits."""
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)


def test_it_agrees_with_the_image() -> None:
    """User, command, what can be written to, and no published port but for this machine."""
    image = dict(stage())
    for service in services().values():
        assert service["user"] == image["USER"]
        assert service["command"] == ["serve"]
        assert {image["VOLUME"], "/tmp"} <= {mount.partition(":")[0] for mount in service["tmpfs"]}
        assert all(port.startswith("127.0.0.1:") and port.endswith(f":{image['EXPOSE']}") for port in service["ports"])


def test_the_database_is_awaited_and_reached_from_inside_alone() -> None:
    """Its health is checked, its data survive, and nothing outside speaks with it."""
    postgres = compose()["services"]["postgres"]
    assert postgres["healthcheck"]["test"][0] == "CMD"
    assert postgres["networks"] == ["inside"]
    assert compose()["networks"]["inside"] == {"internal": True}
    assert postgres["volumes"][0].partition(":")[0] in compose()["volumes"]
    for service in services().values():
        assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert "ports" not in postgres


def test_every_name_in_the_environment_is_a_setting_and_no_secret_stands_here() -> None:
    """Secrets come from files that are declared."""
    for service in services().values():
        env = service["environment"]
        assert settings_named(env) == []
        assert [name for name in env if name in KNOWN.secrets and env[name]] == []
        files = {Path(value).name for name, value in env.items() if name.endswith("_FILE")}
        assert files == set(service["secrets"]) <= set(compose()["secrets"])


def test_the_settings_can_be_read_as_they_are(tmp_path: Path) -> None:
    """The image's and the service's environment together: Socket Mode and PostgreSQL, and no setting twice."""
    (tmp_path / "paybot.toml").write_text('PAYBOT_HOME_CHANNEL = "C0123456789"\n')
    env = {name: value for name, value in image_env().items() if name in KNOWN.secrets}
    for name, value in next(iter(services().values()))["environment"].items():
        secret = name.removesuffix("_FILE")
        file = tmp_path / secret
        file.write_text({**SECRETS, "SLACK_APP_TOKEN": "xapp-1-A0-1-0123456789"}.get(secret, "0123456789abcdef0123456789abcdef"))
        env[name] = str(file) if value else ""
    config = read(env, tmp_path, require_slack=True)
    assert config.slack
    assert config.slack.app_token
    assert config.database_url.startswith("postgresql")


def test_both_are_the_same_image_as_on_kubernetes() -> None:
    """By version."""
    from importlib.metadata import version

    assert {service["image"] for service in services().values()} == {f"paybot:{version('paybot')}"}
