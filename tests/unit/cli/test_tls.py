"""`clew tls dev-cert`: files that work, that nobody else reads, and that are not overwritten."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from clew.cli.app import app
from clew.cli.output import Failure


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["tls", "dev-cert", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_keys_are_private_and_files_fit_together(tmp_path: Path) -> None:
    run("--dir", str(tmp_path / "certs"), "--client")
    for name in ("ca", "server", "client"):
        assert (tmp_path / "certs" / f"{name}-key.pem").stat().st_mode & 0o777 == 0o600
    for name in ("server", "client"):
        context = ssl.create_default_context(cafile=tmp_path / "certs" / "ca.pem")
        context.load_cert_chain(
            tmp_path / "certs" / f"{name}.pem", tmp_path / "certs" / f"{name}-key.pem"
        )


def test_server_certificate_names_localhost_and_what_was_asked_for(tmp_path: Path) -> None:
    run("--dir", str(tmp_path), "--host", "apm.internal", "--host", "10.0.0.7")
    found = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "apm.internal"]
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", "10.0.0.7"]


def test_what_is_there_is_overwritten_only_by_force(tmp_path: Path) -> None:
    run("--dir", str(tmp_path))
    before = (tmp_path / "server.pem").read_bytes()
    with pytest.raises(Failure, match=r"holds ca\.pem.* already.*--force"):
        run("--dir", str(tmp_path))
    assert (tmp_path / "server.pem").read_bytes() == before
    run("--dir", str(tmp_path), "--force")
    assert (tmp_path / "server.pem").read_bytes() != before


def test_printed_lines_name_whole_paths(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    printed = run("--dir", str(folder), "--client")
    assert f"export OTEL_EXPORTER_OTLP_CERTIFICATE='{folder}/ca.pem'" in printed
    assert f"export OTEL_EXPORTER_OTLP_CLIENT_KEY='{folder}/client-key.pem'" in printed
    assert f"--tls-client-ca '{folder}/ca.pem'" in printed
    assert "CLIENT" not in run("--dir", str(tmp_path / "other"))


@pytest.mark.parametrize("host", ["https://x", "a b", ""])
def test_host_that_is_no_name_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(Failure, match="is no name and no address"):
        run("--dir", str(tmp_path), "--host", host)
