# SPDX-License-Identifier: Apache-2.0
"""Lines that may buy boosts, pay on the bill and use satellite, and what a phone hands over to the pages of these services."""
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import client
import sheets

APPS = {"boost": "ap2010", "billing": "ap2012", "satmode": "ap2016"}
STORE = {"store_vendor": "S0042", "store_user_id": "u-77d1"}
ASKS = {"boost": {"boost_type": "166"}, "billing": STORE, "satmode": {}}
OFFER = {"price": "2.99 EUR", "seconds": 5400, "pdb_ms": 50, "min_down_mbps": 20, "max_up_mbps": 10}


def overrides(**websheet):
    """Settings of a daemon that offers the services and has their pages."""
    settings = sheets.overrides(**websheet)
    settings["device"]["offered"] = ["ap2004", *APPS.values()]
    return settings


def subscribe(line, features=("vowifi", "carrier-billing", "satellite"), boosts=((166, {}),)):
    """A plan of the line's own with these boosts and one satellite network."""
    line.features(features)
    plan = f"p{line.imsi}"
    for kind, columns in boosts:
        columns = {**OFFER, **columns}
        line.cluster.sql(f"INSERT INTO plan_boost (plan, boost_type, {', '.join(columns)}) VALUES (%s, %s{', %s' * len(columns)})",
                         plan, kind, *columns.values())
    line.cluster.sql("INSERT INTO satellite_network (plan, plmn) VALUES (%s, '90199') ON CONFLICT DO NOTHING", plan)
    return line


def ask(phone, service, **extra):
    """The block of that service in the phone's next answer; boosts by a real-time request."""
    phone.accept = client.JSON  # as the clients of these services ask
    if getattr(phone, "token_of", None) != service:  # tokens are for groups of applications
        phone.login(app=APPS[service], **{**ASKS[service], **extra})
        phone.token_of = service
    return phone.ask(app=APPS[service], **{**ASKS[service], **extra})[APPS[service]]


def hand_over(phone, service, **extra):
    """(address, user data, contents type or None) of the phone's present answer."""
    block = ask(phone, service, **extra)
    return block["ServiceFlow_URL"], block["ServiceFlow_UserData"], block.get("ServiceFlow_ContentsType")


def reference(phone, service, **extra):
    _, data, kind = hand_over(phone, service, **extra)
    return {"sid": sid_of(data, kind)}


def sid_of(data, kind):
    """The reference as a page reads it, out of what a client makes of the user data (Table 50)."""
    if kind == "json":
        return json.loads(data)["sid"]
    if kind == "xml":
        found = [item.get("value") for item in ElementTree.fromstring(data).iter("parm") if item.get("name") == "sid"]
        return found[0]
    return dict(urllib.parse.parse_qsl(data, strict_parsing=True))["sid"]


def user(target, service, language="en"):
    return sheets.User(target, language, service)


def boosts(line):
    return line.cluster.sql("SELECT boost_type, seconds, shown FROM data_boost WHERE imsi = %s ORDER BY id", line.imsi)


def accounts(line):
    return line.cluster.sql("SELECT state, terms FROM billing_account WHERE imsi = %s", line.imsi)


def satellite(line):
    rows = line.cluster.sql("SELECT tc_status, tc_version, flow_closed_at IS NOT NULL FROM line_service "
                            "WHERE imsi = %s AND service = 'satmode'", line.imsi)
    return rows[0] if rows else None
