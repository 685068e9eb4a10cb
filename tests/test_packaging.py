"""What is shipped: a wheel that works in an empty environment, and an image without what it does not need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "charts", "commands", "sandbox")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built without the network from a copy of its sources."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "docs/runbooks/stripe-payments.md"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    build = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, out], cwd=source, check=True, capture_output=True)
    return next(out.glob("paybot-*.whl"))


@pytest.fixture(scope="module")
def paybot(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`paybot` as installed from the wheel into an environment of its own, which sees the libraries installed here."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    site = next((home / "lib").glob("python3*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return home / "bin/paybot"


def test_a_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Pages, styles and tables travel with the code."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = {path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(ROOT).as_posix() for path in files} <= packed
    assert "bot/stripe-payments.md" in packed  # what `/pay runbook` reads


def test_a_wheel_holds_nothing_else(wheel: Path) -> None:
    """Tests, manifests and settings of a developer stay at home."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0].split("-")[0] for name in archive.namelist()}
    assert tops == {*PACKAGES, "paybot"}


def test_help_comes_from_any_folder(paybot: Path, tmp_path: Path) -> None:
    """The installed command needs nothing of the project's folder, and imports its own code, not this checkout's."""
    done = subprocess.run([paybot, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "serve" in done.stdout
    where = subprocess.run(
        [paybot.with_name("python"), "-c", "import bot; print(bot.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout).is_relative_to(paybot.parents[1])


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's stages as (instruction, rest) with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        if found and word.isupper():
            found[-1].append((word, rest))
    return found


def test_the_image_runs_as_nobody_in_particular() -> None:
    """A user of its own by number, so that Kubernetes can see that it is not root."""
    assert dict(stages()[-1])["USER"] == "10001:10001"


def test_the_image_brings_no_compiler_and_no_package_manager_of_its_own() -> None:
    """The last stage installs nothing: it takes a ready environment from the first."""
    last = stages()[-1]
    assert [rest.split()[0] for word, rest in last if word == "RUN"] == ["useradd"]
    assert [rest for word, rest in last if word == "COPY"] == ["--from=build /opt/paybot /opt/paybot"]


def test_the_image_is_built_from_locked_requirements_only() -> None:
    """Whatever is fetched is fetched by its hash."""
    fetching = [
        part for word, rest in stages()[0] if word == "RUN" for part in rest.split("&&") if "pip" in part and "-r " in part
    ]
    assert fetching
    assert all("--require-hashes" in part for part in fetching)


def test_the_base_image_is_pinned() -> None:
    """By patch version and by Debian's release."""
    assert "ARG PYTHON=3.13." in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {dict(stage)["FROM"].split()[0] for stage in stages()} == {"python:${PYTHON}"}


def test_the_image_says_whether_it_is_healthy(tmp_path: Path) -> None:
    """Its health check fails where nothing listens, needs no curl, and asks the port that is set."""
    command = next(rest for word, rest in stages()[-1] if word == "HEALTHCHECK")
    code = command.partition('"-c", "')[2].rpartition('"]')[0]
    dead = subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PAYBOT_BIND": "127.0.0.1:1"}, capture_output=True
    )
    assert dead.returncode == 1
    assert b"Refused" in dead.stderr


HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(not HADOLINT, reason="hadolint is not among the installed tools")
def test_hadolint_finds_nothing() -> None:
    """The Dockerfile follows the rules that its linter knows."""
    done = subprocess.run([str(HADOLINT), ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
