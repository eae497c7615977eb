#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pages under conf/websheet call the functions that phones put into them (TS.43 3.4.1, 6.7, 9.6, 11.6, 15.4), with the
arguments these have, and in the views that may; tests/browser/browser.mjs has the same objects."""
import re

import source

FOLDER, PAGES, BROWSER = "conf/websheet", "src/front/sheet_pages.def", "tests/browser/browser.mjs"
OBJECTS = {
    "VoWiFiWebServiceFlow": {"entitlementChanged": 0, "dismissFlow": 0},
    "WiFiCallingWebViewController": {"phoneServicesAccountStatusChanged": 0, "CloseWebView": 0, "cancelButtonPressed": 0,
                                     "cancelButtonClicked": 0},
    "ODSAServiceFlow": {"profileReadyWithActivationCode": 1, "profileReadyWithDefaultSmdp": 2, "SelectionCompleted": 2,
                        "finishFlow": (0, 1), "dismissFlow": 0, "deleteToken": 0, "deleteProfileInUse": 2,
                        "checkProfileServiceStatus": 2},
    "DataBoostWebServiceFlow": {"notifyPurchaseSuccessful": (0, 1), "notifyPurchaseFailed": 2, "dismissFlow": 0},
    "DCBWebServiceFlow": {"entitlementChanged": 0, "dismissFlow": 0},
    "SatModeWebServiceFlow": {"entitlementChanged": 0, "dismissFlow": 0},
}
# What the pages of a kind (the first word of their name) must be able to call, and the views that dismiss only.
KINDS = {"boost": "DataBoostWebServiceFlow", "billing": "DCBWebServiceFlow", "satmode": "SatModeWebServiceFlow",
         "odsa": "ODSAServiceFlow", "": "VoWiFiWebServiceFlow"}
SHARED, SILENT = "service", ("otp",)
DISMISS_ONLY = ("odsa-not-enabled.html", "odsa-error.html")
ENDS = {"boost": ("purchased", "failed", "dismissed"), "billing": ("changed", "dismissed"), "satmode": ("changed", "dismissed")}
PAGE = re.compile(r'^PAGE\(\w+,\s*"([^"]+)"\)', re.M)
PART = re.compile(r"\{>([\w.-]+)\}")
OBJECT = re.compile(r"\b\w+(?:ServiceFlow|WebViewController)\b")
ROW = re.compile(r"\{\s*(?:name|object): '(\w+)',\s*changed: \[([^\]]*)\],\s*dismissed: \[([^\]]*)\]\s*\}")
CALL = re.compile(r"\b(?:flow|own)\.(\w+)(\()")
FUNCTIONS = re.compile(r"(\w+): \[([^\]]*)\]")


def whole(name, seen=()):
    """The page and the parts that it takes in."""
    names = [name]
    for part in PART.findall(source.read(f"{FOLDER}/{name}")):
        if part not in seen:
            names += whole(part, seen + (name,))
    return names


def arguments(text, opening):
    inner = text[opening + 1:source.closing(text, opening)].strip()
    depth, count = 0, 1 if inner else 0
    for c in inner:
        depth += {"(": 1, ")": -1}.get(c, 0)
        count += c == "," and depth == 0
    return count


def check_script(path, faults):
    raw = source.read(path)
    code = source.strip(raw, keep_strings=True)
    for match in OBJECT.finditer(code):
        if match.group() not in OBJECTS:
            faults.add(path, source.line_of(raw, match.start()), f"{match.group()} is no object of phones")
    for match in ROW.finditer(code):
        for name in re.findall(r"'(\w+)'", match.group(2) + match.group(3)):
            if OBJECTS.get(match.group(1), {}).get(name) is None:
                faults.add(path, source.line_of(raw, match.start()), f"{match.group(1)} has no function {name}")
            elif OBJECTS[match.group(1)][name] not in (0, (0, 1)):
                faults.add(path, source.line_of(raw, match.start()), f"{name} cannot be called without arguments")
    known = {name: counts for functions in OBJECTS.values() for name, counts in functions.items()}
    for match in CALL.finditer(code):
        name, line = match.group(1), source.line_of(raw, match.start())
        counts = known.get(name)
        if counts is None:
            faults.add(path, line, f"{name} is no function of an object of phones")
        elif arguments(code, match.start(2)) not in (counts if isinstance(counts, tuple) else (counts,)):
            faults.add(path, line, f"{name} has {counts} arguments")


def block_of(text, kind):
    """What stands in the braces behind "kind:"; "" when it is not there."""
    match = re.search(rf"\b{kind}: (\{{)", text)
    depth = 0
    for position in range(match.start(1), len(text)) if match else ():
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[match.start(1):position]
    return ""


def check_service(name, kind, parts, scripts, faults):
    path = f"{FOLDER}/{name}"
    markup = "".join(source.read(f"{FOLDER}/{part}") for part in parts if part.endswith(".html"))
    wanted = "{flow}" if kind == SHARED else kind
    if markup.count(f'<main id="flow" data-flow="{wanted}"') != 1:
        faults.add(path, 0, f'has no <main id="flow" data-flow="{wanted}">: its script does not know whom to tell')
    if ("data-outcome" in markup) != (name == f"{kind}-end.html"):
        faults.add(path, 0, "the last page of a flow has data-outcome, and no other page")
    for outcome in ENDS.get(kind, ()):
        if not re.search(rf"\b{outcome}\b", block_of(scripts, kind)):
            faults.add(path, 0, f"its script does not know how {kind} ends {outcome}")


def check_page(name, faults):
    parts = whole(name)
    kind = name.split("-")[0] if "-" in name else ""
    kind = kind if kind in KINDS or kind == SHARED else ""
    if any(name.startswith(f"{word}.") for word in SILENT):
        return
    scripts = "".join(source.strip(source.read(f"{FOLDER}/{part}"), keep_strings=True) for part in parts if part.endswith(".js"))
    for wanted in ([KINDS[k] for k in ENDS] if kind == SHARED else [KINDS[kind]]):
        if wanted not in scripts:
            faults.add(f"{FOLDER}/{name}", 0, f"does not call {wanted}")
    if kind in ENDS or kind == SHARED:
        check_service(name, kind, parts, scripts, faults)
    if name in DISMISS_ONLY:
        for match in CALL.finditer(scripts):
            if match.group(1) != "dismissFlow":
                faults.add(f"{FOLDER}/{name}", 0, f"may call dismissFlow only, not {match.group(1)} (TS.43 6.7)")


def check_browser(faults):
    text = source.read(BROWSER)
    block = text[text.index("const FUNCTIONS"):]
    found = {name: re.findall(r"'(\w+)'", names) for name, names in FUNCTIONS.findall(block[:block.index("};")])}
    for name in sorted(set(found) ^ set(OBJECTS)):
        faults.add(BROWSER, 0, f"{name} is only {'here' if name in found else 'in tests/lint/pages.py'}")
    for name in sorted(set(found) & set(OBJECTS)):
        if set(found[name]) != set(OBJECTS[name]):
            faults.add(BROWSER, 0, f"{name} has other functions than in tests/lint/pages.py")


def check(faults):
    pages = PAGE.findall(source.read(PAGES))
    if not pages:
        faults.add(PAGES, 0, "has no pages")
    for path in source.files(FOLDER, suffixes=(".js",)):
        check_script(path, faults)
    for name in pages:
        check_page(name, faults)
    check_browser(faults)


source.main(check)
