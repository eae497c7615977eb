# SPDX-License-Identifier: Apache-2.0
"""Number verification the whole way (clients.md 5): a temporary token of a real line, an access token bought for it by the
simulated server of src/tools/devsim, then the operation."""
import os
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

import harness
import partner

SECRET = "pnv-secret-0123456789abcdef-0123456789"
REQUESTOR = "b1b6e9b2-0000-4f7a-9f2b-3d6c0a4a51cc"


@pytest.fixture(scope="module")
def key(area):
    """The verifier's key, its private and public half in files."""
    made = partner.Key("ES256")
    made.path, made.public_path = os.path.join(area, "pnv.pem"), os.path.join(area, "pnv.pub")
    with open(made.path, "wb") as file:
        file.write(made.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption()))
    with open(made.public_path, "w", encoding="ascii") as file:
        file.write(made.pem())
    return made


@pytest.fixture
def server(make_daemon, key):
    """A daemon whose public address is the one that it listens on: the verifier writes it into its assertions."""
    daemon = make_daemon(start=False, oauth={"enabled": True}, device={"offered": ["ap2004", "ap2014"]}, number={"sim_id_key": "ab" * 32})
    url = "https://" + daemon.settings["device"]["listen"][0]
    daemon.write(web={"public_url": url}, server_callers=[
        {"client_id": "pnv", "requestor_ids": [REQUESTOR], "applications": ["ap2014"], "operations": ["GetPhoneNumber"],
         "authentication": ["jwt_bearer", "client_secret_basic"], "client_secret": SECRET, "algorithms": ["ES256"],
         "public_key": "file:" + key.public_path, "issuers": ["google-pnv"]}])
    return daemon.start()


@pytest.fixture
def verify(build, server, lines):
    """Function: the simulated verifier asks for the number of a fresh line; the finished process."""
    def run(*proof):
        status, issued = server.admin("POST", "/v1/grants", {"kind": "temporary", "imsi": lines.take().imsi, "app": "ap2014",
                                                             "operations": ["GetPhoneNumber"]})
        assert status == 200, issued
        return subprocess.run([build.devsim, "run", "--personality", "pnv-server", "--url", server.settings["web"]["public_url"],
                               "--insecure", "--explain", "--param", f"requestor_id={REQUESTOR}", "--client-id", "pnv",
                               "--temporary-token", issued["token"], *proof],
                              capture_output=True, text=True, timeout=60, env=harness.environment())
    return run


@pytest.mark.parametrize("way", ["basic", "bearer"])
def test_a_number_verifier_gets_to_its_operation(verify, server, key, way):
    before = server.mark()
    done = verify(*(["--client-secret", SECRET] if way == "basic" else [
        "--assertion-key", key.path, "--assertion-alg", "ES256", "--assertion-iss", "google-pnv"]))
    assert " 200 " in done.stdout and "phone number received" in done.stdout, done.stdout + done.stderr
    server.wait_event("SERVER_TOKEN", before, "issued to pnv")
    server.wait_event("SERVER_CALL", before, "pnv: GetPhoneNumber")


def test_a_verifier_that_proves_nothing_does_not_get_there(verify, server):
    before = server.mark()
    done = verify()
    assert " 403 " in done.stdout, done.stdout + done.stderr
    assert not server.events("SERVER_CALL", before)
