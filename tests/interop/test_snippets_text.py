"""The text of the snippets of the "Send data" page: the page's golden cases hold here too, a shell
and YAML read back what was put in, and the tests install what the snippets install.
"""

from __future__ import annotations

import json
import re
import string
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.snippets import FOLDER, ROOT, catalogue, render, snippet, values_of

GOLDEN = json.loads((FOLDER / "golden.json").read_text())
HTTP, GRPC = "http://127.0.0.1:4318", "http://127.0.0.1:4317"
HOSTILE = 'it\'s "my" shop: $(touch owned) `touch owned` ${env:HOME} $$ # {é} \\'


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_golden_cases_of_the_page_hold_here(case: dict[str, Any]) -> None:
    values = values_of(case["endpoint"], case["grpcEndpoint"], case["serviceName"], case["apiKey"])
    assert render(case["template"], values) == case["expected"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from(string.printable + "é店🧀"), max_size=20), max_size=20))
def test_a_shell_reads_back_what_was_put_in(names: list[str]) -> None:
    script = "".join(
        render("printf '%s\\0' {{shell service}}\n", values_of(HTTP, GRPC, name, None))
        for name in names
    )
    read = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout
    shown = [re.sub("[\x0b\x0c\r]", "", name) for name in names]
    assert read.decode().split("\0")[:-1] == shown


@given(st.text(st.characters(codec="utf-8")))
def test_yaml_reads_back_what_was_put_in(name: str) -> None:
    written = render("a: {{yaml service}}", values_of(HTTP, GRPC, name, None))
    assert yaml.safe_load(written) == {"a": name}


def test_every_template_is_shown_and_every_step_has_one() -> None:
    shown = {step["template"] for language in catalogue() for step in language["steps"]}
    assert shown == {path.name for path in (FOLDER / "templates").iterdir()}


@pytest.mark.parametrize("key", [None, "kf_0123456789"])
def test_deployment_is_one_that_kubernetes_takes(key: str | None) -> None:
    values = values_of("http://clew.example:4318", GRPC, HOSTILE, key)
    deployment = yaml.safe_load(snippet("kubernetes.yaml", values))
    assert (deployment["apiVersion"], deployment["kind"]) == ("apps/v1", "Deployment")
    pods = deployment["spec"]["template"]
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert labels.items() <= pods["metadata"]["labels"].items()
    (container,) = pods["spec"]["containers"]
    assert {"name", "image"} <= container.keys()
    environ = {one["name"]: one for one in container["env"]}
    assert environ["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"] == "http://clew.example:4318"
    # Kubernetes makes one dollar of two, and looks for variables after one.
    assert environ["OTEL_SERVICE_NAME"]["value"].replace("$$", "$") == HOSTILE
    assert all(isinstance(one.get("value", ""), str) for one in environ.values())
    if key is None:
        assert "OTEL_EXPORTER_OTLP_HEADERS" not in environ
        return
    reference = environ["OTEL_EXPORTER_OTLP_HEADERS"]["valueFrom"]["secretKeyRef"]
    secret = yaml.safe_load(snippet("kubernetes-secret.yaml", values))
    assert secret["metadata"]["name"] == reference["name"]
    assert secret["stringData"] == {reference["key"]: f"kf-api-key={key}"}


def test_what_is_pinned_for_the_tests_is_what_the_snippets_install() -> None:
    def asked(template: str, package: str) -> set[str]:
        return set(re.findall(package, (FOLDER / "templates" / template).read_text()))

    requirements = ROOT / "requirements"
    manifest = json.loads((requirements / "snippets-node/package.json").read_text())
    assert asked("node-install.sh", r"@opentelemetry/\S+") == set(manifest["dependencies"])
    module = (requirements / "snippets-go/go.mod").read_text()
    direct = {line.split()[0] for line in module.splitlines() if re.match(r"\tgo\S+ v[^/]*$", line)}
    assert asked("go-install.sh", r"go\.opentelemetry\.io/\S+") == direct
    python = (requirements / "dev.txt").read_text()
    wanted = asked("python-install.sh", r"opentelemetry-(?:distro|exporter-otlp)")
    assert all(f"\n{name}==" in python for name in wanted)
    assert wanted
