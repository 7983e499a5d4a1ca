"""The unmodified `mistapi` package against the server.

The package speaks to `api.mist.com` over TLS and to nothing else. It is led here by a proxy that
sends every CONNECT to our port, and by a certificate in that name of an authority of our own.

    FOGHORN=target/debug/foghorn python compat/mistapi_suite.py
"""

import contextlib
import http.server
import json
import logging
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

FOGHORN = os.environ.get("FOGHORN", "target/debug/foghorn")
HOSTS = "DNS:api.mist.com,DNS:api-ws.mist.com,DNS:localhost"
EMAIL, PASSWORD = "ops@example.net", "correct horse battery"
PATIENCE = 60


def certificate(directory):
    """An authority, and a certificate in Mist's names: the paths of authority, chain and key."""
    run = lambda *words: subprocess.run(words, cwd=directory, check=True, capture_output=True)
    new = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run(*new, "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    run(*new, "-subj", "/CN=api.mist.com", "-keyout", "server.key", "-out", "server.csr")
    (directory / "names").write_text(f"subjectAltName={HOSTS}\n")
    run("openssl", "x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
        "ca.key", "-CAcreateserial", "-extfile", "names", "-out", "server.pem")
    return directory / "ca.pem", directory / "server.pem", directory / "server.key"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers every CONNECT with a tunnel to the server."""

    to = None

    def do_CONNECT(self):
        with socket.create_connection(Proxy.to) as there:
            self.send_response(200)
            self.end_headers()
            here = self.connection
            while True:
                for ready in select.select([here, there], [], [])[0]:
                    piece = ready.recv(65536)
                    if not piece:
                        return
                    (there if ready is here else here).sendall(piece)

    def log_message(self, *_):
        pass


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what comes."""

    topics = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.topics.append(json.loads(body)["topic"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve_forever(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address


def until(what, holds):
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"waited for {what} in vain")
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def server(directory, chain, key, *more):
    log = directory / "serve.log"
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [FOGHORN, "serve", "--data", directory / "data", "--listen", f"127.0.0.1:{port}",
             "--tls-cert", chain, "--tls-key", key, "--allow-loopback", *more],
            stdout=out, stderr=out)
    try:
        until("the API", lambda: "the API listens" in log.read_text())
        Proxy.to = ("127.0.0.1", port)
        yield log
    finally:
        process.terminate()
        process.wait()


def say(text):
    """To whoever runs this: the package prints too, and that is not wanted."""
    print(text, file=sys.__stdout__, flush=True)


def said(response, status, **members):
    """Checks the status and some members of an answer, and gives its body."""
    assert response.status_code == status, (response.status_code, response.data)
    for name, value in members.items():
        assert response.data.get(name) == value, (name, value, response.data)
    return response.data


def main():
    directory = pathlib.Path(tempfile.mkdtemp())
    authority, chain, key = certificate(directory)
    proxy = "http://%s:%d" % serve_forever(Proxy)
    os.environ |= {
        "HTTPS_PROXY": proxy,
        "REQUESTS_CA_BUNDLE": str(authority),
        "WEBSOCKET_CLIENT_CA_BUNDLE": str(authority),
    }
    import mistapi
    import requests

    # It tells of each empty body.
    logging.disable(logging.CRITICAL)

    with server(directory, chain, key) as log:
        token = log.read_text().split('token="')[1].split('"')[0]
        setup = {"token": token, "email": EMAIL, "password": PASSWORD, "first_name": "Olga",
                 "last_name": "Peters", "org_name": "Acme", "site_name": "HQ"}
        made = requests.post("https://api.mist.com/api/v1/setup", json=setup)
        assert made.status_code == 200, made.text
        with contextlib.redirect_stdout(None):
            token = suite(mistapi, made.json()["org_id"], made.json()["site_id"])
    too_many_calls(mistapi, token, directory, chain, key)
    shutil.rmtree(directory)


def too_many_calls(mistapi, token, directory, chain, key):
    """A client that is told to wait waits, as long as it is told, and goes on."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(server(directory, chain, key, "--calls-per-hour", "3"))
        with contextlib.redirect_stdout(None):
            session = mistapi.APISession(
                host="api.mist.com", console_log_level=50, apitoken=token)
            session.login()
        slept = []

        def sleep(secs):
            # Instead of an hour: a server that has forgotten the calls.
            slept.append(secs)
            stack.pop_all().close()
            stack.enter_context(server(directory, chain, key))

        real, time.sleep = time.sleep, lambda secs: sleep(secs) if secs >= 1 else real(secs)
        try:
            with contextlib.redirect_stdout(None):
                calls = [session.mist_get("/api/v1/self").status_code for _ in range(5)]
        finally:
            time.sleep = real
        assert calls == [200] * 5 and len(slept) == 1 and 1 <= slept[0] <= 3600, (calls, slept)
        say(f"too many calls: waited {slept[0]} s")


def suite(mistapi, org, site):
    parts = [value for name, value in globals().items() if name.startswith("check_")]
    session = mistapi.APISession(host="api.mist.com", console_log_level=50, email=EMAIL, password=PASSWORD)
    session.login()
    assert session.get_authentication_status(), "logged in by password"
    own = said(session.create_api_token("suite"), 200)
    by_token = mistapi.APISession(host="api.mist.com", console_log_level=50, apitoken=own["key"])
    by_token.login()
    assert by_token.get_authentication_status(), "logged in by token"
    assert by_token.email is None or by_token.email == EMAIL
    for part in parts:
        for name, this in (("password", session), ("token", by_token)):
            begun = time.monotonic()
            part(mistapi.api.v1, mistapi, this, org, site)
            say(f"{part.__name__[6:]} by {name}: {time.monotonic() - begun:.1f} s")
    session.logout()
    assert not session.get_authentication_status(), "logged out"
    return own["key"]


def check_self(api, _, session, org, site):
    me = said(api.self.self.getSelf(session), 200, email=EMAIL, first_name="Olga")
    assert any(it["org_id"] == org and it["role"] == "admin" for it in me["privileges"])
    usage = said(api.self.usage.getSelfApiUsage(session), 200)
    assert usage["requests"] >= 1 and usage["request_limit"] == 5000


def check_orgs_and_sites(api, _, session, org, site):
    second = said(api.orgs.orgs.createOrg(session, {"name": "Second"}), 200)
    said(api.orgs.orgs.updateOrg(session, second["id"], {"name": "2nd"}), 200, name="2nd")
    said(api.orgs.orgs.getOrg(session, second["id"]), 200, name="2nd")
    said(api.orgs.orgs.deleteOrg(session, second["id"]), 200)
    said(api.orgs.orgs.getOrg(session, second["id"]), 404)
    new = said(api.orgs.sites.createOrgSite(session, org, {"name": "Branch"}), 200)
    said(api.sites.sites.updateSiteInfo(session, new["id"], {"address": "1 Street"}), 200)
    said(api.sites.sites.getSiteInfo(session, new["id"]), 200, name="Branch", address="1 Street")
    said(api.sites.setting.updateSiteSettings(session, new["id"], {"ap_updown_threshold": 5}), 200)
    said(api.sites.setting.getSiteSetting(session, new["id"]), 200, ap_updown_threshold=5)
    said(api.sites.sites.deleteSite(session, new["id"]), 200)


def check_webhooks(api, _, session, org, site):
    address = "http://%s:%d/" % serve_forever(Receiver)
    calls = [
        (org, api.orgs.webhooks.createOrgWebhook, api.orgs.webhooks.updateOrgWebhook,
         api.orgs.webhooks.pingOrgWebhook, api.orgs.webhooks.searchOrgWebhooksDeliveries,
         api.orgs.webhooks.countOrgWebhooksDeliveries, api.orgs.webhooks.deleteOrgWebhook),
        (site, api.sites.webhooks.createSiteWebhook, api.sites.webhooks.updateSiteWebhook,
         api.sites.webhooks.pingSiteWebhook, api.sites.webhooks.searchSiteWebhooksDeliveries,
         api.sites.webhooks.countSiteWebhooksDeliveries, api.sites.webhooks.deleteSiteWebhook),
    ]
    for owner, create, update, ping, search, count, delete in calls:
        body = {"name": "w", "url": address, "topics": ["audits"], "secret": "hush"}
        made = said(create(session, owner, body), 200, secret="hush", enabled=True)
        said(update(session, owner, made["id"], {"name": "renamed"}), 200, name="renamed")
        Receiver.topics.clear()
        said(ping(session, owner, made["id"]), 200)
        until("the ping", lambda: "ping" in Receiver.topics)
        found = lambda: search(session, owner, made["id"], topic="ping").data["results"]
        row = until("the delivery", found)[0]
        assert row["status"] == "success" and row["status_code"] == 200, row
        counted = said(count(session, owner, made["id"], distinct="topic"), 200, distinct="topic")
        assert {"topic": "ping", "count": 1} in counted["results"], counted
        said(delete(session, owner, made["id"]), 200)


def check_errors_of_webhooks(api, _, session, org, site):
    url = {"name": "w", "url": "http://127.0.0.1:9000/"}
    of_org = lambda **members: api.orgs.webhooks.createOrgWebhook(session, org, url | members)
    of_site = lambda **members: api.sites.webhooks.createSiteWebhook(session, site, url | members)
    said(of_org(topics=["location"]), 400, field="topics")
    said(of_org(topics=["nonsense"]), 400, field="topics")
    said(of_org(topics=["filtered-asset-rssi"]), 400, detail="invalid field: topics",
         reason="filtered asset webhooks must be associated with a site")
    said(of_org(url=""), 400, field="url")
    said(of_org(url="http://169.254.169.254/"), 400, field="url")
    said(of_org(headers={"X-A": "x" * 1000}), 400, field="headers")
    said(of_org(headers={"Host": "x"}), 400, field="headers")
    said(of_site(topics=["asset-raw-rssi", "wifi-conn-raw"]), 400,
         detail="Only one location topic can be configured per URL")
    first = said(of_site(topics=["asset-raw-rssi"]), 200)
    said(of_site(topics=["asset-raw-rssi"]), 400, webhook_id=first["id"],
         detail="Webhook already configured for special location topic")
    filtered = {"topics": ["filtered-asset-rssi"]}
    said(of_site(**filtered, assetfilter_ids=["nonsense"]), 400,
         detail="invalid field: assetfilter_ids")
    said(of_site(**filtered, assetfilter_ids=[org]), 400, detail="invalid field: assetfilter_ids")
    made = said(api.sites.assetfilters.createSiteAssetFilter(
        session, site, {"name": "f", "rssi": -70}), 200)
    branch = said(api.orgs.sites.createOrgSite(session, org, {"name": "Branch"}), 200)["id"]
    theirs = said(api.sites.assetfilters.createSiteAssetFilter(
        session, branch, {"name": "f", "rssi": -70}), 200)
    said(of_site(**filtered, assetfilter_ids=[theirs["id"]]), 400,
         detail="invalid field: assetfilter_ids")
    said(api.sites.sites.deleteSite(session, branch), 200)
    said(of_site(**filtered, assetfilter_ids=[made["id"]] * 2), 400,
         detail="invalid field: assetfilter_ids", reason="contains duplicate uuids")
    alias = said(of_site(topics=["rssi-zone"]), 200)
    assert alias["topics"] == ["rssizone"], alias
    for gone in (first, alias):
        said(api.sites.webhooks.deleteSiteWebhook(session, site, gone["id"]), 200)
    said(api.sites.assetfilters.deleteSiteAssetFilter(session, site, made["id"]), 200)
    said(api.sites.assetfilters.createSiteAssetFilter(session, site, {"name": "f"}), 400,
         detail="At least one filter must be specified")


def check_paging_of_objects(api, mistapi, session, org, site):
    for number in range(250):
        mac = "5c5bd0%06x" % number
        said(api.sites.assets.createSiteAsset(session, site, {"name": mac, "mac": mac}), 200)
    first = api.sites.assets.listSiteAssets(session, site, limit=100)
    every = mistapi.get_all(session, first)
    assert len({asset["mac"] for asset in every}) == 250, len(every)
    for asset in every:
        said(api.sites.assets.deleteSiteAsset(session, site, asset["id"]), 200)


def check_paging_of_a_search(api, mistapi, session, org, site):
    begun = time.time()
    device = {"mac": "5c5b3500%04x" % (int(begun * 1000) % 65536), "name": "AP", "type": "ap"}
    made = said(session.mist_post(f"/api/v1/sites/{site}/devices", body=device), 200)
    texts = [f"{begun}-{number}" for number in range(2500)]
    telemetry(session, site, *({"kind": "device-event", "mac": device["mac"],
                                "type": "AP_CONFIGURED", "text": text} for text in texts))
    search = api.sites.devices.searchSiteDeviceEvents
    asked = dict(mac=device["mac"], duration="1h")
    total = lambda: search(session, site, **asked).data["total"] >= 2500
    until("the projection", total)
    every = mistapi.get_all(session, search(session, site, limit=1000, **asked))
    assert {row["text"] for row in every} >= set(texts), len(every)
    counted = said(api.sites.devices.countSiteDeviceEvents(
        session, site, distinct="mac", duration="1h"), 200)
    assert {"mac": device["mac"], "count": 2500} in counted["results"], counted
    said(session.mist_delete(f"/api/v1/sites/{site}/devices/{made['id']}"), 200)


def check_imports(api, _, session, org, site):
    rows = [{"name": "cart", "mac": "5c5b53010101"}, {"name": "bed", "mac": "5c5b53010102"}]
    done = said(api.sites.assets.importSiteAssets(session, site, rows), 200, added=2)
    again = said(api.sites.assets.importSiteAssets(session, site, rows), 200, added=0)
    assert [row["field"] for row in again["errors"]] == ["mac", "mac"], again
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("name,mac\nlift,5c5b53010103\n")
        file.flush()
        said(api.sites.assets.importSiteAssetsFile(session, site, file.name), 200, added=1)
    for asset in api.sites.assets.listSiteAssets(session, site).data:
        said(api.sites.assets.deleteSiteAsset(session, site, asset["id"]), 200)


def check_settings(api, _, session, org, site):
    said(api.orgs.setting.updateOrgSettings(session, org, {"switch_updown_threshold": 4}), 200)
    said(api.sites.setting.updateSiteSettings(session, site, {"ap_updown_threshold": 5}), 200)
    said(api.sites.setting.getSiteSettingDerived(session, site), 200, ap_updown_threshold=5,
         switch_updown_threshold=4)


def check_constants(api, _, session, org, site):
    topics = {row["key"]: row for row in api.const.webhook_topics.listWebhookTopics(session).data}
    assert topics["alarms"]["for_org"] and "for_org" not in topics["location"], topics
    assert topics["device-events"]["allows_single_event_per_message"]
    alarms = said_list(api.const.alarm_defs.listAlarmDefinitions(session))
    assert alarms["rogue_ap"]["group"] == "security" and alarms["rogue_ap"]["display"] == "Rogue AP"
    assert "AP_CONFIGURED" in said_list(api.const.device_events.listDeviceEventsDefinitions(session))
    assert "ME_CONFIGURED" in said_list(api.const.mxedge_events.listMxEdgeEventsDefinitions(session))
    assert said_list(api.const.nac_events.listNacEventsDefinitions(session))
    assert said_list(api.const.client_events.listClientEventsDefinitions(session))
    assert said_list(api.const.otherdevice_events.listOtherDeviceEventsDefinitions(session))


def said_list(response):
    assert response.status_code == 200, response.data
    return {row["key"]: row for row in response.data}


def check_maps_and_zones(api, _, session, org, site):
    floor = said(api.sites.maps.createSiteMap(
        session, site, {"name": "1st", "width": 800, "height": 600, "ppm": 12.5}), 200)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0\0\0\0\0")
        file.flush()
        said(api.sites.maps.addSiteMapImageFile(session, site, floor["id"], file.name), 200)
    said(api.sites.maps.getSiteMap(session, site, floor["id"]), 200, width=2, height=3)
    said(api.sites.maps.deleteSiteMapImage(session, site, floor["id"]), 200)
    corners = [{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]
    zone = {"name": "lobby", "map_id": floor["id"], "vertices": corners}
    zone = said(api.sites.zones.createSiteZone(session, site, zone), 200, for_site=True)
    said(api.sites.zones.updateSiteZone(session, site, zone["id"], {"name": "hall"}), 200)
    said(api.sites.zones.getSiteZone(session, site, zone["id"]), 200, name="hall",
         vertices=corners)
    said(api.sites.maps.deleteSiteMap(session, site, floor["id"]), 200)
    said(api.sites.zones.getSiteZone(session, site, zone["id"]), 404)


def check_statistics(api, _, session, org, site):
    mac = "5c5b3500%04x" % (int(time.time() * 1000) % 65536)
    made = said(session.mist_post(f"/api/v1/sites/{site}/devices",
                                  body={"mac": mac, "name": "AP", "type": "ap"}), 200)
    client = {"kind": "client-associated", "mac": "70ef00000001", "ap": mac,
              "bssid": "5c5b35000011", "ssid": "Maui", "band": "5"}
    telemetry(session, site, {"kind": "device-connected", "mac": mac}, client)
    stats = api.sites.stats
    up = lambda: [it for it in stats.listSiteDevicesStats(session, site, status="connected").data
                  if it["mac"] == mac]
    device = until("the device", up)[0]
    one = said(stats.getSiteDeviceStats(session, site, device["id"]), 200, name="AP")
    assert one["status"] == "connected", one
    said(api.orgs.stats.getOrgStats(session, org), 200)
    assert said(stats.getSiteStats(session, site), 200)["num_ap_connected"] == 1
    assert said(api.orgs.stats.listOrgDevicesStats(session, org, mac=mac), 200)
    # The client comes back to an AP that is new each time.
    there = lambda: stats.getSiteWirelessClientStats(
        session, site, "70ef00000001").data.get("ap_mac") == mac
    until("the client", there)
    assert said(stats.listSiteWirelessClientsStats(session, site), 200)[0]["ssid"] == "Maui"
    found = said(api.orgs.clients.searchOrgWirelessClients(session, org, ssid="Maui"), 200)
    assert found["total"] == 1, found
    found = said(api.sites.devices.searchSiteDevices(session, site, mac=mac), 200)
    assert found["results"][0]["status"] == "connected", found
    counted = said(api.sites.devices.countSiteDevices(session, site, distinct="type"), 200)
    assert counted["results"][0]["type"] == "ap", counted
    said(api.sites.stats.listSiteZonesStats(session, site), 200)
    for kind in ("zones", "rssizones"):
        said(api.sites.visits.searchSiteZoneSessions(session, site, kind), 200, total=0)
        said(api.sites.count.countSiteZoneSessions(session, site, kind), 200, total=0)
    said(session.mist_delete(f"/api/v1/sites/{site}/devices/{made['id']}"), 200)


def telemetry(session, site, *records):
    """The package has no call for it; its own session sends it."""
    sent = session._session.post(
        f"https://api.mist.com/api/v1/sites/{site}/telemetry",
        data="".join(json.dumps(record) + "\n" for record in records),
        headers={"X-CSRFToken": session._session.cookies.get("csrftoken", "")})
    assert sent.json()["accepted"] == len(records), sent.text


def check_websocket(api, mistapi, session, org, site):
    mac = "5c5b3600%04x" % (int(time.time() * 1000) % 65536)
    device = {"mac": mac, "name": "AP", "type": "ap"}
    made = said(session.mist_post(f"/api/v1/sites/{site}/devices", body=device), 200)
    floor = said(api.sites.maps.createSiteMap(session, site, {"name": "1st"}), 200)
    came, failed = [], []

    def listen(stream):
        stream.on_message(came.append)
        stream.on_error(failed.append)
        stream.connect(run_in_background=True)
        return stream

    websockets = mistapi.websockets
    streams = [
        listen(websockets.sites.DeviceStatsEvents(session, [site])),
        listen(websockets.sites.DeviceEvents(session, [site])),
        listen(websockets.location.BleAssetsEvents(session, site, [floor["id"]])),
    ]
    subscribed = lambda: len([it for it in came if it["event"] == "channel_subscribed"])
    until("the subscriptions", lambda: subscribed() == len(streams))

    def rows(channel):
        data = [it for it in came if it["event"] == "data" and it["channel"].endswith(channel)]
        rows = [json.loads(it["data"]) for it in data]
        return [row for row in rows if row["mac"] == mac]

    until("what is there", lambda: rows("/stats/devices") and rows(f"{site}/devices"))
    telemetry(session, site, {"kind": "device-connected", "mac": mac})
    until("what changes", lambda: rows("/stats/devices")[-1]["status"] == "connected")
    for stream in streams:
        # Without waiting: the package looks for the end of its own socket only now and then.
        stream.disconnect()
    assert not failed, failed
    said(session.mist_delete(f"/api/v1/sites/{site}/devices/{made['id']}"), 200)
    said(api.sites.maps.deleteSiteMap(session, site, floor["id"]), 200)


def check_alarms(api, _, session, org, site):
    mac = "5c5b3700%04x" % (int(time.time() * 1000) % 65536)
    device = {"mac": mac, "name": "AP", "type": "ap"}
    made = said(session.mist_post(f"/api/v1/sites/{site}/devices", body=device), 200)
    template = said(api.orgs.alarmtemplates.createOrgAlarmTemplate(session, org, {
        "name": "cables", "delivery": {"enabled": False},
        "rules": {"bad_cable": {"enabled": True}}}), 200)
    said(api.sites.sites.updateSiteInfo(session, site, {"alarmtemplate_id": template["id"]}), 200)
    cables = [{"kind": "alarm", "type": "bad_cable", "mac": mac, "port_id": f"ge-0/0/{port}"}
              for port in range(3)]
    telemetry(session, site, *cables)
    alarms = api.sites.alarms

    def found(**which):
        rows = said(alarms.searchSiteAlarms(session, site, **which), 200)["results"]
        return [row for row in rows if row.get("aps") == [mac]]

    rows = until("the alarms", lambda: found() if len(found()) == 3 else None)
    ids = [row["id"] for row in rows]
    said(alarms.ackSiteAlarm(session, site, ids[0], {"note": "planned"}), 200)
    (one,) = found(acked=True)
    assert (one["id"], one["note"], one["acked"]) == (ids[0], "planned", True), one
    said(alarms.AckSiteMultipleAlarms(session, site, {"alarm_ids": ids[1:], "note": "too"}), 200)
    assert len(found(acked=True)) == 3
    said(api.orgs.alarms.unackOrgAllAlarms(session, org, {}), 200)
    assert not found(acked=True)
    said(api.orgs.alarms.ackOrgAllAlarms(session, org, {"note": "night"}), 200)
    said(alarms.unackSiteAlarm(session, site, ids[0], {}), 200)
    assert len(found(acked=True)) == 2
    counted = said(api.orgs.alarms.countOrgAlarms(session, org, distinct="type"), 200)
    assert any(row["type"] == "bad_cable" for row in counted["results"]), counted
    unknown = "00000000-0000-4000-8000-000000000001"
    said(alarms.ackSiteAlarm(session, site, unknown, {}), 404)
    told = lambda: api.orgs.logs.listOrgAuditLogs(session, org, message=ids[0]).data["results"]
    until("the audit of an acknowledgement", told)
    said(api.orgs.alarmtemplates.deleteOrgAlarmTemplate(session, org, template["id"]), 200)
    said(session.mist_delete(f"/api/v1/sites/{site}/devices/{made['id']}"), 200)


def check_logs(api, _, session, org, site):
    found = lambda: api.orgs.logs.listOrgAuditLogs(session, org, duration="1d").data["results"]
    rows = until("the audit log", found)
    assert {"admin_name", "message", "timestamp", "org_id"} <= set(rows[0]), rows[0]
    said(api.orgs.logs.countOrgAuditLogs(session, org, distinct="admin_name"), 200)


if __name__ == "__main__":
    sys.exit(main())
