"""Schemathesis against the server's own OpenAPI document.

Every operation is asked for things that fit its schema and for things that do not. No answer may
be a failure of the server, and none may break the document.

    FOGHORN=target/debug/foghorn python compat/schema_suite.py [EXAMPLES]
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from mistapi_suite import free_port, until

FOGHORN = os.environ.get("FOGHORN", "target/debug/foghorn")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance," \
    "response_headers_conformance,response_schema_conformance"
# What would end the run (its token, its org, its site), what does not end by itself, and what takes
# lines of JSON, which Schemathesis cannot write.
LEFT_OUT = r"^/api/v1/((orgs/\{org_id\}|sites/\{site_id\})(/telemetry)?|(orgs|sites)/.*/events/stream)$"


def main():
    examples = sys.argv[1] if len(sys.argv) > 1 else "20"
    directory = pathlib.Path(tempfile.mkdtemp())
    data = directory / "data"
    made = subprocess.run([FOGHORN, "init", "--data", data, "--org", "Acme", "--site", "HQ",
                           "--json"], check=True, capture_output=True)
    made = json.loads(made.stdout)
    port = free_port()
    log = directory / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [FOGHORN, "serve", "--data", data, "--listen", f"127.0.0.1:{port}",
             "--allow-loopback", "--calls-per-hour", "4000000000"], stdout=out, stderr=out)
    try:
        until("the API", lambda: "the API listens" in log.read_text())
        ids = {"org_id": made["org_id"], "site_id": made["site_id"]}
        populate(f"http://127.0.0.1:{port}/api/v1", made["token"], ids)
        lines = [f'"path.{name}" = "{value}"' for name, value in ids.items()]
        config = directory / "schemathesis.toml"
        config.write_text("[parameters]\n" + "\n".join(lines) + "\n")
        program = pathlib.Path(sys.executable).absolute().with_name("schemathesis")
        ran = subprocess.run(
            [program, "--config-file", config, "run",
             f"http://127.0.0.1:{port}/api/v1/openapi.json",
             "--header", f"Authorization: Token {made['token']}", "--checks", CHECKS,
             "--max-examples", examples, "--exclude-path-regex", LEFT_OUT,
             "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--seed", "1",
             "--suppress-health-check", "all"], cwd=directory)
        assert "ERROR" not in log.read_text(), log.read_text()
        assert "panicked" not in log.read_text(), log.read_text()
    finally:
        server.terminate()
        server.wait()
    shutil.rmtree(directory)
    return ran.returncode


def populate(base, token, ids):
    """Something of each kind that others refer to."""
    def post(path, body):
        request = urllib.request.Request(
            f"{base}/{path}", json.dumps(body).encode(), {"Authorization": f"Token {token}"})
        return json.load(urllib.request.urlopen(request))["id"]

    org, site = f"orgs/{ids['org_id']}", f"sites/{ids['site_id']}"
    ids["map_id"] = post(f"{site}/maps", {"name": "1st"})
    ids["device_id"] = post(f"{site}/devices", {"mac": "5c5b35000001"})
    ids["webhook_id"] = post(f"{org}/webhooks", {"url": "http://127.0.0.1:9000/"})
    ids["wlan_id"] = post(f"{org}/wlans", {"ssid": "Maui"})
    ids["asset_id"] = post(f"{site}/assets", {"name": "cart", "mac": "5c5b35aa0001"})


if __name__ == "__main__":
    sys.exit(main())
