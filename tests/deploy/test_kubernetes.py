"""The Kubernetes manifest: valid for several versions, as safe as it says, and in agreement with the image and the settings."""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from bot.config import KNOWN, read
from bot.slack.server import Front
from bot.stopping import STOPPING_S
from tests.deploy.files import container, image_env, kubernetes, only, pod, settings_named, stage

VERSIONS = ("1.30", "1.34")
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1234567890-abcdefghij",
    "DATABASE_URL": "postgresql://paybot:x@db/paybot",
    "ELASTICSEARCH_API_KEY": "aWQ6a2V5a2V5a2V5",
    "PAYBOT_HEARTBEAT_URL": "https://beats.example.com/x",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    """By the schemas of an old and a new Kubernetes, strictly: no field that does not exist."""
    assert len(kubernetes()) == 5
    for each in kubernetes():
        kubernetes_validate.validate(dict(each), version, strict=True)


def test_a_field_that_does_not_exist_would_be_seen() -> None:
    """The check above can fail."""
    wrong = {**only("Service"), "spec": {**only("Service")["spec"], "portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_two_processes_of_which_one_always_runs() -> None:
    """Also while the cluster moves them, and during an update; on different machines where there are any."""
    deployment = only("Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert only("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    assert pod()["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_every_selector_finds_the_pods() -> None:
    """A service, a budget or a policy that selects nothing says so to nobody."""
    labels = only("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert only("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert only("Service")["spec"]["selector"] == labels
    assert only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels


def test_nothing_may_be_done_that_need_not() -> None:
    """No root, no rights, no writing but where it must, no token of the cluster's."""
    inside, around = container()["securityContext"], pod()["securityContext"]
    assert around["runAsNonRoot"]
    assert around["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["readOnlyRootFilesystem"]
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert not inside["allowPrivilegeEscalation"]
    assert pod()["automountServiceAccountToken"] is False
    assert {"requests", "limits"} <= set(container()["resources"])


def test_it_agrees_with_the_image() -> None:
    """The same user, the same port, the same command; what the image writes to can be written to."""
    image = dict(stage())
    user = str(pod()["securityContext"]["runAsUser"])
    assert image["USER"] == f"{user}:{pod()['securityContext']['runAsGroup']}"
    (port,) = container()["ports"]
    assert image["EXPOSE"] == str(port["containerPort"])
    assert container()["args"] == ["serve"]
    assert image["ENTRYPOINT"] == '["paybot"]'
    mounts = {mount["mountPath"] for mount in container()["volumeMounts"]}
    assert image["WORKDIR"] in mounts  # its paybot.toml
    assert Path(image_env()["MPLCONFIGDIR"]).parent.as_posix() in mounts


def test_every_mount_has_its_volume() -> None:
    """And every volume is mounted."""
    assert {mount["name"] for mount in container()["volumeMounts"]} == {volume["name"] for volume in pod()["volumes"]}


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_every_probe_asks_what_is_served(probe: str) -> None:
    """By the port's name, and with a limit."""
    asked = container()[probe]
    status: list[str] = []
    environ = {"PATH_INFO": asked["httpGet"]["path"], "REQUEST_METHOD": "GET"}
    Front()(environ, lambda line, headers: status.append(line))  # type: ignore[arg-type]
    assert status[0].split()[0] in {"200", "503"}
    assert asked["httpGet"]["port"] == container()["ports"][0]["name"]
    assert asked["timeoutSeconds"] <= asked["periodSeconds"] or probe == "startupProbe"


def test_the_database_is_no_reason_to_start_again() -> None:
    """Only the process itself is what keeps a pod alive."""
    assert container()["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_it_has_time_to_end() -> None:
    """Longer than paybot takes for that."""
    assert pod()["terminationGracePeriodSeconds"] > STOPPING_S


def test_every_name_in_the_environment_is_a_setting() -> None:
    """No typing error, and no secret's value in the file."""
    env = {each["name"]: each.get("value", "") for each in container()["env"]}
    assert settings_named(env) == []
    assert [name for name in env if name in KNOWN.secrets and env[name]] == []


def test_the_settings_can_be_read_as_they_are(tmp_path: Path) -> None:
    """The ConfigMap's file with the image's and the pod's environment, every secret in its place: nothing is missing."""
    (tmp_path / "paybot.toml").write_text(only("ConfigMap")["data"]["paybot.toml"])
    config = read(environment(tmp_path), tmp_path, require_slack=True)
    assert config.slack
    assert config.datadog
    assert config.elastic
    assert config.pagerduty
    assert config.database_url.startswith("postgresql")
    assert config.heartbeat_url
    mounts = {mount["mountPath"] for mount in container()["volumeMounts"] if not mount.get("readOnly")}
    assert config.archives.cache in mounts
    (cache,) = [volume for volume in pod()["volumes"] if volume["name"] == "cache"]
    assert config.archives.cache_mb < int(cache["emptyDir"]["sizeLimit"].removesuffix("Mi"))


def environment(folder: Path) -> dict[str, str]:
    """What the container's environment is, its secrets in files of this folder."""
    env = {name: value for name, value in image_env().items() if name in {*KNOWN.settings, *KNOWN.secrets}}
    for each in container()["env"]:
        name = each["name"].removesuffix("_FILE")
        value = SECRETS.get(name, "0123456789abcdef0123456789abcdef")
        if each["name"] == name:
            env[name] = value
        else:
            file = folder / name
            file.write_text(value)
            env[each["name"]] = str(file)
    return env


def test_every_secret_is_mounted_where_its_setting_looks() -> None:
    """A file below the secret's mount, by a name of its own."""
    (mount,) = [each["mountPath"] for each in container()["volumeMounts"] if each["name"] == "secret"]
    files = [each["value"] for each in container()["env"] if each["name"].endswith("_FILE")]
    assert files
    assert {str(Path(file).parent) for file in files} == {mount}
    assert len(set(files)) == len(files)


def test_who_may_speak_with_whom_is_said() -> None:
    """In: the port alone. Out: names, the database, TLS; never the machine's own metadata."""
    policy = only("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == [3000]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 5432, 443}
    (world,) = [to["ipBlock"] for rule in policy["egress"] for to in rule["to"] if "ipBlock" in to]
    assert "169.254.0.0/16" in world["except"]


def test_the_image_has_a_version_and_no_host() -> None:
    """Nobody's registry is named, and nothing is "latest"."""
    from importlib.metadata import version

    assert container()["image"] == f"paybot:{version('paybot')}"
