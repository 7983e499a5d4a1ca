"""Schemathesis against the server's own OpenAPI document.

Every operation is asked for things that fit its schema and for things that do not. No answer may
be a failure of the server, and none may break the document. What is of a person is asked for again
in the session of one.

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
# What people ask for of themselves and of each other, without what ends their session.
OF_PEOPLE = r"^/api/v1/(self|invites|orgs/\{org_id\}/(admins|invites|apitokens|logs))"
# What does not end by itself, and what takes lines of JSON, which Schemathesis cannot write.
LEFT_OUT = r"^/api/v1/((orgs/\{org_id\}|sites/\{site_id\})/telemetry|(orgs|sites)/.*/events/stream)$"
# What would end the run: its org and its site.
ENDS = ("deleteOrg", "deleteSite")


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
        base = f"http://127.0.0.1:{port}/api/v1"
        populate(base, made["token"], ids)
        until("the rows", lambda: happened(base, made["token"], ids))
        lines = [f'"path.{name}" = "{value}"' for name, value in ids.items()]
        config = directory / "schemathesis.toml"
        config.write_text("[parameters]\n" + "\n".join(lines) + "\n")
        program = pathlib.Path(sys.executable).absolute().with_name("schemathesis")
        command = [
            program, "--config-file", config, "run", f"{base}/openapi.json", "--checks", CHECKS,
            "--max-examples", examples, "--exclude-path-regex", LEFT_OUT,
            "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--seed", "1",
            "--suppress-health-check", "all"]
        command += [word for it in ENDS for word in ("--exclude-operation-id", it)]
        by_token = ["--header", f"Authorization: Token {made['token']}"]
        by_session = ["--include-path-regex", OF_PEOPLE, "--exclude-method", "DELETE"]
        by_session += session(base, made["token"], ids)
        failed = [subprocess.run([*command, *way], cwd=directory).returncode
                  for way in (by_session, by_token)]
        assert "ERROR" not in log.read_text(), log.read_text()
        assert "panicked" not in log.read_text(), log.read_text()
    finally:
        server.terminate()
        server.wait()
    shutil.rmtree(directory)
    return max(failed)


def ask(base, token, path, body=None):
    """What is answered to a GET, or to a POST of this body; and the headers."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{base}/{path}", body and body.encode(), headers)
    if token:
        request.add_header("Authorization", f"Token {token}")
    answer = urllib.request.urlopen(request)
    return json.load(answer), answer.headers


def session(base, token, ids):
    """The headers of a new person who may do everything."""
    person = {"email": "ann@example.net", "first_name": "Ann", "last_name": "Lee",
              "privileges": [{"scope": "org", "role": "admin"}]}
    invited, _ = ask(base, token, f"orgs/{ids['org_id']}/invites", json.dumps(person))
    password = {"token": invited["token"], "password": "a long enough one"}
    ask(base, None, "invites/accept", json.dumps(password))
    login = {"email": person["email"], "password": password["password"]}
    _, headers = ask(base, None, "login", json.dumps(login))
    cookies = [cookie.partition(";")[0] for cookie in headers.get_all("Set-Cookie")]
    csrf = next(cookie for cookie in cookies if cookie.startswith("csrftoken="))
    return ["--header", f"Cookie: {'; '.join(cookies)}",
            "--header", f"X-CSRFToken: {csrf.partition('=')[2]}"]


def happened(base, token, ids):
    """Whether each search has rows."""
    searches = ("alarms", "devices/events", "clients/events", "clients/sessions",
                "nac_clients/events", "mxedges/events", "otherdevices/events", "clients")
    found = [ask(base, token, f"sites/{ids['site_id']}/{it}/search")[0] for it in searches]
    return all(it["results"] for it in found)


def populate(base, token, ids):
    """Something of each kind that others refer to, and something that happened to each."""
    def post(path, body):
        return ask(base, token, path, json.dumps(body))[0]["id"]

    org, site = f"orgs/{ids['org_id']}", f"sites/{ids['site_id']}"
    ids["map_id"] = post(f"{site}/maps", {"name": "1st"})
    ids["device_id"] = post(f"{site}/devices", {"mac": "5c5b35000001"})
    ids["webhook_id"] = post(f"{org}/webhooks", {"url": "http://127.0.0.1:9000/"})
    ids["wlan_id"] = post(f"{org}/wlans", {"ssid": "Maui"})
    ids["asset_id"] = post(f"{site}/assets", {"name": "cart", "mac": "5c5b35aa0001"})
    post(f"{site}/mxedges", {"name": "edge-1", "model": "ME-X1", "mac": "020000230522"})
    lines = [
        {"kind": "device-restarted", "mac": "5c5b35000001", "reason": "power"},
        {"kind": "alarm", "type": "bad_cable", "mac": "5c5b35000001", "port_id": "ge-0/0/1"},
        {"kind": "edge-service", "mac": "020000230522", "service": "tunterm", "state": "stopped"},
        {"kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": "ac3eb179e535",
         "username": "user@example.net", "random_mac": False, "resp_attrs": ["a=1"]},
        {"kind": "client-dhcp", "mac": "ac3eb179e535", "success": False, "ssid": "Maui"},
        {"kind": "guest-authorization", "mac": "ac3eb179e535", "ssid": "Maui",
         "auth_method": "email"},
        {"kind": "otherdevice-event", "mac": "ac3eb179e536", "vendor": "cradlepoint",
         "type": "CELLULAR_EDGE_REBOOTED"},
    ]
    for client in ("70ef00000001", "70ef00000002"):
        lines.append({"kind": "client-associated", "mac": client, "ap": "5c5b35000001",
                      "bssid": "5c5b35000011", "ssid": "Maui", "band": "5", "rssi": -54})
    lines.append({"kind": "client-disassociated", "mac": client})
    told = "".join(json.dumps(line) + "\n" for line in lines)
    answer, _ = ask(base, token, f"{site}/telemetry", told)
    assert answer["accepted"] == len(lines), answer


if __name__ == "__main__":
    sys.exit(main())
