"""The server's answers against the published OpenAPI document of Mist's API, and its own.

Every operation that the document and the server share is asked for, with real objects behind it,
and status and body of each answer are held against the document. Where they are known to deviate,
`subset_deviations.json` says so with the reason; a row of it that nothing needs fails the suite, as
does an operation that was not asked for. From the server's own document nothing may deviate.

The document is not part of the project:

    FOGHORN=target/debug/foghorn python compat/subset_suite.py PATH_OF_THE_DOCUMENT
"""

import base64
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import jsonschema
import requests
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from mistapi_suite import EMAIL, PASSWORD, Receiver, free_port, serve_forever, until

FOGHORN = os.environ.get("FOGHORN", "target/debug/foghorn")
DEVIATIONS = pathlib.Path(__file__).with_name("subset_deviations.json")
AP = "5c5b35000001"
METHODS = ("get", "post", "put", "delete")
JSON = "application/json"


def as_json_schema(node):
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: as_json_schema(value) for key, value in node.items()}
    if node.pop("nullable", False) is True:
        if isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
            if "enum" in node and None not in node["enum"]:
                node["enum"] = [*node["enum"], None]
        else:
            return {"anyOf": [node, {"type": "null"}]}
    return node


class Document:
    """An OpenAPI document: what an operation answers, and whether a body is that."""

    def __init__(self, published):
        self.paths = {normal(path): item for path, item in published["paths"].items()}
        self.root = as_json_schema(published)
        resource = Resource(contents=self.root, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:published", resource)

    def operations(self):
        return {(method, path) for path, item in self.paths.items() for method in item
                if method in METHODS}

    def resolve(self, node):
        while "$ref" in node:
            at = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node

    def findings(self, method, path, status, body):
        """What about an answer is not as published, as (place, rule)."""
        responses = self.paths[path][method]["responses"]
        if str(status) not in responses:
            return {("", "status")}
        content = self.resolve(responses[str(status)]).get("content", {})
        if JSON not in content:
            # Nothing is said of a body: none is needed, and one is none the worse.
            return set()
        schema = {"$ref": "urn:published#" + self.pointer(responses[str(status)], method, path,
                                                           status)}
        checker = jsonschema.Draft202012Validator(
            schema, registry=self.registry,
            format_checker=jsonschema.FormatChecker(formats=["uuid"]))
        return {finding for error in checker.iter_errors(body) for finding in places(error)}

    def pointer(self, response, method, path, status):
        tail = f"/content/{JSON.replace('/', '~1')}/schema"
        if "$ref" in response:
            return response["$ref"].removeprefix("#") + tail
        (raw,) = [raw for raw in self.root["paths"] if normal(raw) == path]
        escaped = raw.replace("~", "~0").replace("/", "~1")
        return f"/paths/{escaped}/{method}/responses/{status}{tail}"


def places(error):
    """Where a schema fails, and by which rule; of alternatives, the nearest one's."""
    if error.context:
        nearest = min(error.context, key=lambda it: (-len(it.absolute_path), it.message))
        return places(nearest)
    parts = ("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    place = "".join(parts).removeprefix(".")
    if error.validator != "required":
        return [(place, error.validator)]
    # The missing member stands in the message alone.
    missing = re.match(r"'(.*)' is a required", error.message).group(1)
    return [(f"{place}.{missing}".removeprefix("."), "required")]


def normal(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


class Suite:
    def __init__(self, document, base):
        self.document, self.base = document, base
        ours = requests.get(f"{base}/api/v1/openapi.json", timeout=30).json()
        self.own = Document(ours)
        self.named = {normal(path): path for path in ours["paths"]}
        mine = {(method, normal(path)) for path, item in ours["paths"].items() for method in item}
        self.shared = document.operations() & mine
        self.asked, self.findings = set(), {}
        self.deviations = json.loads(DEVIATIONS.read_text())
        self.used = set()
        self.ids, self.headers = {}, {}

    def call(self, method, template, body=None, status=200, **more):
        """Asks for an operation, and holds its answer against the document."""
        path = template.format(**self.ids)
        headers = self.headers | more.pop("headers", {})
        asked = requests.request(method, f"{self.base}/api/v1/{path}", json=body, headers=headers,
                                 timeout=30, **more)
        answer = asked.json() if asked.content and "json" in asked.headers["Content-Type"] else None
        wanted = status if isinstance(status, tuple) else (status,)
        assert asked.status_code in wanted, (method, path, asked.status_code, answer)
        status = asked.status_code
        template = template.partition("?")[0]
        operation = (method, normal(f"/api/v1/{template}"))
        for place, rule in self.own.findings(*operation, status, answer):
            where = f"{method.upper()} {template} {status} (own document)"
            self.findings.setdefault((place, rule), []).append(where)
        if operation in self.shared:
            if status == 200:
                self.asked.add(operation)
            for place, rule in self.document.findings(*operation, status, answer):
                self.found(method, template, status, place, rule)
        return answer

    def found(self, method, template, status, place, rule):
        for number, row in enumerate(self.deviations):
            operation = f"{method.upper()} {template} {status}"
            if re.fullmatch(row["operation"], operation) and rule == row["rule"] \
                    and re.fullmatch(row["place"], place):
                self.used.add(number)
                return
        self.findings.setdefault((place, rule), []).append(f"{method.upper()} {template} {status}")

    def report(self):
        """Says what does not hold; none is good."""
        wrong = [f"{place or 'the answer'}: {rule}: {', '.join(sorted(set(where)))}"
                 for (place, rule), where in sorted(self.findings.items())]
        wrong += [f"not asked for: {method.upper()} {self.named[path]}"
                  for method, path in sorted(self.shared - self.asked)]
        wrong += [f"a deviation that nothing needs: {row}"
                  for number, row in enumerate(self.deviations) if number not in self.used]
        return wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = pathlib.Path(tempfile.mkdtemp())
    port, log = free_port(), directory / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [FOGHORN, "serve", "--data", directory / "data", "--listen", f"127.0.0.1:{port}",
             "--allow-loopback", "--calls-per-hour", "2000"], stdout=out, stderr=out)
    try:
        until("the API", lambda: "the API listens" in log.read_text())
        published = Document(json.loads(pathlib.Path(sys.argv[1]).read_text()))
        suite = Suite(published, f"http://127.0.0.1:{port}")
        run(suite, log.read_text().split('token="')[1].split('"')[0])
        assert "ERROR" not in log.read_text(), log.read_text()
        wrong = suite.report()
    finally:
        server.terminate()
        server.wait()
    shutil.rmtree(directory)
    for line in wrong:
        print(line)
    print(f"{len(suite.asked)} operations, {len(suite.deviations)} known deviations, "
          f"{len(wrong)} findings")
    return 1 if wrong else 0


def run(suite, setup_token):
    made = suite.call("post", "setup", {
        "token": setup_token, "email": EMAIL, "password": PASSWORD, "first_name": "Olga",
        "last_name": "Peters", "org_name": "Acme", "site_name": "HQ"})
    suite.ids |= {"org_id": made["org_id"], "site_id": made["site_id"]}
    suite.call("get", "self", status=401)
    suite.call("get", "orgs/{org_id}", status=401)
    for part in (people, constants, orgs_and_sites, objects, images_and_imports, inventory,
                 happenings, access_and_edges, alarms, live, orders_and_counts, webhooks, errors,
                 leaving):
        part(suite)


def log_in(suite):
    asked = requests.post(f"{suite.base}/api/v1/login", timeout=30,
                          json={"email": EMAIL, "password": PASSWORD})
    cookies = asked.cookies.get_dict()
    return {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items()),
            "X-CSRFToken": cookies["csrftoken"]}


def people(suite):
    suite.call("post", "login", {"email": EMAIL, "password": "a wrong one"}, 400)
    suite.call("post", "login", {"email": EMAIL, "password": PASSWORD})
    suite.headers = log_in(suite)
    suite.call("post", "login/two_factor", {"two_factor": "123456"}, 400)
    suite.call("get", "self")
    suite.call("put", "self", {"first_name": "Olga", "phone": "14081112222"})
    suite.call("put", "self", {"password": "short"}, 400)
    suite.call("get", "self/usage")
    suite.call("get", "self/logs")
    suite.call("post", "logout", headers=log_in(suite))
    made = suite.call("post", "self/apitokens", {"name": "script"})
    suite.ids["apitoken_id"] = made["id"]
    suite.call("get", "self/apitokens")
    suite.call("get", "self/apitokens/{apitoken_id}")
    suite.call("put", "self/apitokens/{apitoken_id}", {"name": "renamed"})
    suite.call("delete", "self/apitokens/{apitoken_id}")
    suite.call("get", "self/apitokens/{apitoken_id}", status=404)
    invite = {"email": "desk@example.net", "first_name": "Dana", "last_name": "Desk",
              "hours": 24, "privileges": [{"scope": "org", "role": "read"}]}
    taken = suite.call("post", "orgs/{org_id}/invites", invite)
    suite.call("post", "invites/accept", {"token": taken["token"], "password": "a desk of my own"})
    suite.ids["invite_id"] = suite.call("post", "orgs/{org_id}/invites", invite)["id"]
    suite.call("put", "orgs/{org_id}/invites/{invite_id}", {"first_name": "Dora"})
    suite.call("delete", "orgs/{org_id}/invites/{invite_id}")
    suite.call("post", "orgs/{org_id}/invites", {"email": "nonsense"}, 400)
    admins = suite.call("get", "orgs/{org_id}/admins")
    desk = next(it["admin_id"] for it in admins if it["email"] == "desk@example.net")
    suite.ids["admin_id"] = desk
    privileges = {"privileges": [
        {"scope": "site", "role": "write", "site_id": suite.ids["site_id"]}]}
    suite.call("put", "orgs/{org_id}/admins/{admin_id}", privileges)
    suite.call("get", "orgs/{org_id}/admins")
    suite.call("delete", "orgs/{org_id}/admins/{admin_id}")


def constants(suite):
    for family in ("alarm_defs", "client_events", "device_events", "mxedge_events", "nac_events",
                   "webhook_topics"):
        suite.call("get", f"const/{family}")


def orgs_and_sites(suite):
    second = suite.call("post", "orgs", {"name": "Second", "session_expiry": 1440})
    first, suite.ids["org_id"] = suite.ids["org_id"], second["id"]
    suite.call("get", "orgs/{org_id}")
    suite.call("put", "orgs/{org_id}", {"name": "2nd"})
    suite.call("delete", "orgs/{org_id}")
    suite.call("get", "orgs/{org_id}", status=404)
    suite.ids["org_id"] = first
    hq = suite.ids["site_id"]
    branch = suite.call("post", "orgs/{org_id}/sites", {
        "name": "Branch", "timezone": "Europe/Berlin", "country_code": "DE",
        "address": "1 Street", "latlng": {"lat": 52.5, "lng": 13.4}})
    suite.call("get", "orgs/{org_id}/sites")
    suite.ids["site_id"] = branch["id"]
    suite.call("get", "sites/{site_id}")
    suite.call("put", "sites/{site_id}", {"notes": "by the lake"})
    suite.call("delete", "sites/{site_id}")
    suite.ids["site_id"] = hq
    for scope in ("orgs/{org_id}", "sites/{site_id}"):
        suite.call("get", f"{scope}/setting")
        suite.call("put", f"{scope}/setting", {"ap_updown_threshold": 5})
        suite.call("get", f"{scope}/setting")
    suite.call("get", "sites/{site_id}/setting/derived")


def cycle(suite, collection, parameter, body, change, keep=False):
    """The life of an object; with `keep` it stays, and is known by its parameter."""
    suite.ids[parameter] = suite.call("post", collection, body)["id"]
    one = f"{collection}/{{{parameter}}}"
    suite.call("get", collection)
    suite.call("get", one)
    suite.call("put", one, change)
    if not keep:
        suite.call("delete", one)
        suite.call("get", one, status=404)


def objects(suite):
    org, site = "orgs/{org_id}", "sites/{site_id}"
    name = {"name": "renamed"}
    suite.ids["device_id"] = suite.call("post", f"{site}/devices", {
        "mac": AP, "name": "Lobby", "type": "ap", "model": "AP43", "serial": "A1"})["id"]
    suite.call("get", f"{site}/devices")
    suite.call("get", f"{site}/devices/{{device_id}}")
    suite.call("put", f"{site}/devices/{{device_id}}", name)
    cycle(suite, f"{site}/maps", "map_id", {
        "name": "1st", "type": "image", "width": 800, "height": 600, "ppm": 12.5,
        "width_m": 64, "height_m": 48, "origin_x": 1, "origin_y": 2, "orientation": 90,
        "locked": False}, name, keep=True)
    corners = [{"x": 0, "y": 0}, {"x": 9.5, "y": 0}, {"x": 0, "y": 9}]
    floor = suite.ids["map_id"]
    cycle(suite, f"{site}/zones", "zone_id",
          {"name": "lobby", "map_id": floor, "vertices": corners}, name)
    cycle(suite, f"{site}/rssizones", "rssizone_id", {
        "name": "near", "devices": [{"device_id": suite.ids["device_id"], "rssi": -60}]}, name)
    cycle(suite, f"{site}/vbeacons", "vbeacon_id", {
        "name": "v", "map_id": floor, "x": 1.5, "y": 2, "power": 4, "power_mode": "custom",
        "uuid": "ada72f8f-1643-e5c6-94db-f2a5636f1a64", "major": 1, "minor": 2,
        "message": "hello", "url": "https://example.net/"}, name)
    cycle(suite, f"{site}/beacons", "beacon_id", {
        "name": "b", "type": "ibeacon", "mac": "5c5b35bb0001", "ibeacon_major": 7,
        "ibeacon_minor": 8, "ibeacon_uuid": "ada72f8f-1643-e5c6-94db-f2a5636f1a64",
        "map_id": floor, "x": 3, "y": 4.5, "power": -12}, name)
    cycle(suite, f"{org}/alarmtemplates", "alarmtemplate_id", {
        "name": "a", "delivery": {"enabled": True, "to_org_admins": True,
                                  "additional_emails": ["noc@example.net"]},
        "rules": {"device_down": {"enabled": True}}}, name)
    cycle(suite, f"{org}/mxedges", "mxedge_id", {"name": "edge", "model": "ME-X1"}, name)
    for scope in (org, site):
        suite.ids["mxedge_id"] = suite.call(
            "post", f"{scope}/mxedges", {"name": "edge", "model": "ME-X1"})["id"]
        suite.call("get", f"{scope}/mxedges")
        for method, body in (("get", None), ("put", name), ("delete", None)):
            suite.call(method, f"{scope}/mxedges/{{mxedge_id}}", body)
        cycle(suite, f"{scope}/assetfilters", "assetfilter_id", {
            "name": "f", "rssi": -70, "ap_mac": AP, "beam": 3, "disabled": False,
            "ibeacon_major": 13, "ibeacon_uuid": "ada72f8f-1643-e5c6-94db-f2a5636f1a64",
            "mfg_company_id": 935, "service_uuid": "0000fe6a-0000-1000-8000-0030459b3cdb"}, name)
        cycle(suite, f"{scope}/assets", "asset_id",
              {"name": "cart", "mac": "5c5b35aa0001"}, name)
        cycle(suite, f"{scope}/wlans", "wlan_id", {
            "ssid": "Maui", "enabled": True, "auth": {"type": "psk", "psk": "longenough"},
            "bands": ["24", "5"], "vlan_id": 10}, {"ssid": "Oahu"})
    suite.call("post", f"{org}/wlans", {"ssid": "Everywhere"})
    suite.call("post", f"{site}/wlans", {"ssid": "Here"})
    suite.call("get", f"{site}/wlans/derived")
    cycle(suite, f"{org}/apitokens", "apitoken_id", {
        "name": "t", "src_ips": ["127.0.0.0/8"],
        "privileges": [{"scope": "org", "role": "read"}]}, name)


def images_and_imports(suite):
    image = "sites/{site_id}/maps/{map_id}/image"
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0\0\0\0\0"
    suite.call("post", image, files={"file": ("map.png", png, "image/png")})
    suite.call("get", "sites/{site_id}/maps/{map_id}")
    suite.call("delete", image)
    suite.call("delete", "sites/{site_id}/maps/{map_id}")
    for scope, mac in (("orgs/{org_id}", "5c5b53010101"), ("sites/{site_id}", "5c5b53010102")):
        rows = [{"name": "bed", "mac": mac}, {"name": "nothing", "mac": "nonsense"}]
        suite.call("post", f"{scope}/assets/import", rows)


def inventory(suite):
    suite.call("post", "orgs/{org_id}/inventory", {"mac": "5c5b35000009", "name": "spare"})
    suite.call("get", "orgs/{org_id}/inventory")
    suite.call("post", "orgs/{org_id}/inventory", ["6JG8EPTFV2A9Z2N"], 400)
    suite.call("put", "orgs/{org_id}/inventory",
               {"op": "unassign", "macs": [AP]})
    suite.call("put", "orgs/{org_id}/inventory",
               {"op": "assign", "macs": [AP], "site_id": suite.ids["site_id"]})


def happenings(suite):
    """Clients come and go, devices say what befalls them; searches find it."""
    client = "70ef00000001"
    lines = [
        {"kind": "device-connected", "mac": AP},
        {"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": "as told"},
        {"kind": "client-associated", "mac": client, "ap": AP, "bssid": "5c5b35000011",
         "ssid": "Maui", "band": "5", "rssi": -54},
        {"kind": "client-disassociated", "mac": client},
    ]
    told(suite, lines)
    for scope in ("orgs/{org_id}", "sites/{site_id}"):
        for search, count, distinct in (
                ("clients/sessions/search", "clients/sessions/count", "ssid"),
                ("devices/events/search", "devices/events/count", "type")):
            until(search, lambda: suite.call("get", f"{scope}/{search}")["results"])
            suite.call("get", f"{scope}/{search}?limit=1")
            suite.call("get", f"{scope}/{count}?distinct={distinct}")
            suite.call("get", f"{scope}/{count}?distinct=nonsense", status=400)
    logs = "orgs/{org_id}/logs"
    until("the audit log", lambda: suite.call("get", f"{logs}?limit=2")["results"])
    suite.call("get", f"{logs}?limit=2&page=2&message=Add")
    suite.call("get", f"{logs}/count?distinct=message")
    own = lambda: suite.call("get", "self/logs?limit=1000")["results"]
    until("one's own log", lambda: any(row["site_id"] is None for row in own()))


def told(suite, lines):
    """Telemetry of the site."""
    sent = requests.post(
        f"{suite.base}/api/v1/sites/{suite.ids['site_id']}/telemetry", headers=suite.headers,
        data="".join(json.dumps(line) + "\n" for line in lines), timeout=30).json()
    assert sent["accepted"] == len(lines), sent


def access_and_edges(suite):
    """What clients go through, what access control decides, and what befalls an edge."""
    edge = "020000230522"
    suite.call("post", "sites/{site_id}/mxedges",
               {"name": "edge-1", "model": "ME-X1", "mac": edge})
    client = "ac3eb179e535"
    told(suite, [
        {"kind": "client-dhcp", "mac": client, "success": False, "ssid": "Maui", "ap": AP},
        {"kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": client, "ap": AP,
         "username": "user@example.net", "auth_type": "eap-tls", "nas_vendor": "juniper-mist",
         "nacrule_matched": True, "vlan": "750", "random_mac": False,
         "resp_attrs": ["Tunnel-Private-Group-ID=750"], "idp_role": ["staff"]},
        {"kind": "edge-service", "mac": edge, "service": "tunterm", "state": "stopped"},
    ])
    for scope in ("orgs/{org_id}", "sites/{site_id}"):
        for family in ("clients", "nac_clients", "mxedges"):
            search = f"{scope}/{family}/events/search"
            until(search, lambda: suite.call("get", search)["results"])
            suite.call("get", f"{search}?limit=1&type=nonsense")
            suite.call("get", f"{scope}/{family}/events/count?distinct=type")
            suite.call("get", f"{scope}/{family}/events/count?distinct=nonsense", status=400)


def alarms(suite):
    template = suite.call("post", "orgs/{org_id}/alarmtemplates", {
        "name": "a", "delivery": {"enabled": False},
        "rules": {"device_restarted": {"enabled": True}, "bad_cable": {"enabled": True}}})
    suite.call("put", "sites/{site_id}", {"alarmtemplate_id": template["id"]})
    told(suite, [
        {"kind": "device-restarted", "mac": AP, "reason": "power_cycle"},
        {"kind": "alarm", "type": "bad_cable", "mac": AP, "port_id": "ge-0/0/1"},
        {"kind": "alarm", "type": "bad_cable", "mac": AP, "port_id": "ge-0/0/1",
         "status": "resolved"},
    ])
    for scope in ("orgs/{org_id}", "sites/{site_id}"):
        found = f"{scope}/alarms/search"
        wanted = {"device_restarted", "bad_cable"}
        until(found, lambda: wanted <= {row["type"] for row in suite.call("get", found)["results"]})
        suite.call("get", f"{found}?type=bad_cable&status=resolved&limit=1")
        for distinct in ("type", "group", "severity", "acked"):
            suite.call("get", f"{scope}/alarms/count?distinct={distinct}")
        ids = [row["id"] for row in suite.call("get", found)["results"]]
        suite.ids["alarm_id"] = ids[0]
        for verb in ("ack", "unack"):
            suite.call("post", f"{scope}/alarms/{{alarm_id}}/{verb}", {"note": "planned"})
            suite.call("post", f"{scope}/alarms/{verb}", {"alarm_ids": ids, "note": "planned"})
            suite.call("post", f"{scope}/alarms/{verb}_all", {"note": "planned"})
            suite.call("post", f"{scope}/alarms/{verb}", {"alarm_ids": ["nonsense"]}, 400)
        suite.call("post", f"{scope}/alarms/ack_all", {})
        suite.call("get", f"{found}?acked=true")
    path = "orgs/{org_id}/alarmtemplates/suppress"
    suite.call("post", path, {"duration": 600, "applies": {"site_ids": [suite.ids["site_id"]]}})
    suite.call("post", path, {"duration": -1}, 400)
    suite.call("get", path)
    suite.call("get", f"{path}?scope=org")
    suite.call("delete", path)


def live(suite):
    """How things are now, as far as the document knows of it and nothing before has asked."""
    told(suite, [
        {"kind": "client-associated", "mac": "70ef00000002", "ap": AP, "bssid": "5c5b35000011",
         "ssid": "Maui", "band": "5", "rssi": -54, "client_hostname": "laptop-7"},
    ])
    floor = suite.call("post", "sites/{site_id}/maps", {"name": "2nd", "type": "image"})
    suite.ids |= {"map_id": floor["id"], "client_mac": "70ef00000002"}
    corners = [{"x": 0, "y": 0}, {"x": 9.5, "y": 0}, {"x": 0, "y": 9}]
    made = {
        "zone_id": ("zones", {"name": "z", "map_id": floor["id"], "vertices": corners}),
        "rssizone_id": ("rssizones", {"name": "near", "devices": [
            {"device_id": suite.ids["device_id"], "rssi": -60}]}),
        "asset_id": ("assets", {"name": "cart", "mac": "5c5b35aa0009"}),
        "beacon_id": ("beacons", {"name": "b", "type": "ibeacon", "mac": "5c5b35bb0002"}),
    }
    for parameter, (collection, body) in made.items():
        suite.ids[parameter] = suite.call("post", f"sites/{{site_id}}/{collection}", body)["id"]
    suite.ids["mxedge_id"] = suite.call("get", "sites/{site_id}/mxedges")[0]["id"]
    suite.ids["zone_type"] = "zones"
    for method, path in sorted(suite.shared - suite.asked):
        template = suite.named[path].removeprefix("/api/v1/")
        if method == "get" and re.search(r"stats|search|count|visits", template) \
                and "webhook" not in template:
            suite.call("get", template)


def orders_and_counts(suite):
    """Whatever the document lists to sort and to count by, and what it does so by unasked."""
    suite.ids["webhook_id"] = suite.call("post", "sites/{site_id}/webhooks", {
        "name": "w", "url": f"http://127.0.0.1:{free_port()}/", "topics": ["audits"]})["id"]
    asked = 0
    for _, path in sorted(it for it in suite.shared if it[0] == "get"):
        template = suite.named[path].removeprefix("/api/v1/")
        scope = "orgs/{org_id}" if "/orgs/" in path else "sites/{site_id}"
        if "webhook" in template and scope.startswith("orgs"):
            continue
        for parameter in suite.document.paths[path]["get"].get("parameters", ()):
            parameter = suite.document.resolve(parameter)
            if parameter["name"] not in ("sort", "distinct"):
                continue
            schema = suite.document.resolve(parameter["schema"])
            for value in {*schema.get("enum", ()), schema.get("default")} - {None}:
                suite.call("get", f"{template}?{parameter['name']}={value}")
                asked += 1
    assert asked > 100, asked
    suite.call("delete", "sites/{site_id}/webhooks/{webhook_id}")


def webhooks(suite):
    address = "http://%s:%d/" % serve_forever(Receiver)
    for scope in ("orgs/{org_id}", "sites/{site_id}"):
        body = {"name": "w", "type": "http-post", "url": address, "topics": ["audits"],
                "secret": "hush", "headers": {"X-Key": "value"}, "verify_cert": False}
        cycle(suite, f"{scope}/webhooks", "webhook_id", body, {"name": "renamed"}, keep=True)
        one = f"{scope}/webhooks/{{webhook_id}}"
        suite.call("post", f"{one}/ping")
        found = f"{one}/events/search"
        until("the delivery", lambda: suite.call("get", f"{found}?topic=ping")["results"])
        for distinct in ("status", "status_code", "topic", "webhook_id"):
            suite.call("get", f"{one}/events/count?distinct={distinct}")
        suite.call("delete", one)
        for wrong in ({"topics": ["nonsense"]}, {"url": ""}, {"headers": {"Host": "x"}}):
            suite.call("post", f"{scope}/webhooks", body | wrong, 400)
    raw = {"name": "w", "url": address, "topics": ["asset-raw-rssi"]}
    suite.call("post", "sites/{site_id}/webhooks", raw)
    suite.call("post", "sites/{site_id}/webhooks", raw, 400)


def errors(suite):
    """Each collection and object: with nonsense, of nobody, by nobody, by who may not."""
    reader = suite.call("post", "orgs/{org_id}/apitokens", {
        "name": "reader", "privileges": [{"scope": "org", "role": "read"}]})["key"]
    reader = {"Authorization": f"Token {reader}"}
    own, headers = suite.ids, suite.headers
    foreign = dict.fromkeys(re.findall(r"\{(\w+)\}", "".join(suite.named.values())),
                            "00000000-0000-4000-8000-000000000001")
    for method, path in sorted(suite.shared):
        template = suite.named[path].removeprefix("/api/v1/")
        if "{" not in template:
            continue
        suite.ids, suite.headers = foreign | {"org_id": own["org_id"], "site_id": own["site_id"]}, {}
        suite.call(method, template, {}, 401)
        suite.headers = reader
        if method != "get":
            # Who may look may ping: there it is only not found.
            suite.call(method, template, {}, (403, 404))
        suite.ids, suite.headers = foreign, headers
        suite.call(method, template, {}, 404)
    suite.ids, suite.headers = own, headers
    for collection in ("zones", "rssizones", "assets", "wlans"):
        wrong = requests.post(f"{suite.base}/api/v1/sites/{own['site_id']}/{collection}",
                              data="{", headers=headers, timeout=30)
        assert wrong.status_code == 400, wrong.text
        suite.call("post", f"sites/{{site_id}}/{collection}", {"name": 1, "mac": 2, "ssid": 3}, 400)


def code_of(secret, later):
    """The code of a second factor (RFC 6238), so many steps from now."""
    step = int(time.time()) // 30 + later
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    at = mac[-1] & 15
    return "%06d" % ((int.from_bytes(mac[at:at + 4]) & 0x7fffffff) % 10**6)


def leaving(suite):
    """A second factor, too many calls, and the end."""
    offered = suite.call("get", "self/two_factor/token")
    suite.call("post", "self/two_factor/verify", {"two_factor": "000000"}, 400)
    offered = suite.call("get", "self/two_factor/token")
    code = code_of(offered["two_factor_secret"], 0)
    suite.call("post", "self/two_factor/verify", {"two_factor": code})
    later = {"two_factor": code_of(offered["two_factor_secret"], 1)}
    suite.call("post", "login/two_factor", {"two_factor": "000000"}, 400, headers=log_in(suite))
    suite.call("post", "login/two_factor", later, headers=log_in(suite))
    suite.call("delete", "self", status=400)
    suite.call("delete", "sites/{site_id}")
    suite.call("delete", "orgs/{org_id}")
    suite.call("delete", "self")
    suite.call("get", "self", status=401)


if __name__ == "__main__":
    sys.exit(main())
