"""docker-compose.yml hangs together, also where no Docker is there to say so."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]


def test_every_program_is_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "prepare", "web", "worker", "beat", "nginx"}


def test_services_name_only_what_exists() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            known = source in COMPOSE["volumes"] or source.endswith("/tls") or (PROJECT / source).exists()
            assert known, mount


def test_it_is_valid_without_any_variable() -> None:
    bare = [found for found in re.findall(r"(?<!\$)\$\{([^}]*)\}", TEXT) if ":-" not in found]
    assert bare == []
    assert all(entry["required"] is False for entry in SERVICES["web"]["env_file"])


def test_our_programs_have_no_rights_to_lose() -> None:
    for name in ("prepare", "web", "worker", "beat", "nginx"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
    assert re.search(r"^USER zhixing$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)


def test_only_nginx_faces_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_worker_alone_of_our_programs_reaches_mail_and_chat_servers() -> None:
    assert [name for name, service in SERVICES.items() if "outside" in service["networks"]] == ["worker", "nginx"]
    assert all("inside" in service["networks"] for service in SERVICES.values())


def test_workers_do_not_fork_a_pool_and_see_the_files() -> None:
    assert SERVICES["worker"]["environment"]["ZHIXING_DATABASE_POOL"] == "false"
    for name in ("web", "worker"):
        assert "media:/data/media" in SERVICES[name]["volumes"]
    for name in ("postgres", "redis", "worker", "nginx"):
        assert "test" in SERVICES[name]["healthcheck"], name


def test_the_units_run_what_the_procfile_runs() -> None:
    procfile = (PROJECT / "deploy" / "Procfile").read_text()
    for name, word in (("web", "gunicorn"), ("worker", "worker"), ("beat", "beat")):
        unit = (PROJECT / "deploy" / "systemd" / f"zhixing-{name}.service").read_text()
        assert word in unit and "User=zhixing" in unit
        assert f"{name}: " in procfile
