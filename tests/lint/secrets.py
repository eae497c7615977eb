#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No raw identity or secret is an argument of a log call. A heuristic on names: masked forms (ecs_*_mask, *_masked),
lengths and literals are fine. A name that only looks like a secret gets another name."""
import re

import source

CALL = re.compile(r"\b(ecs_log|ecs_log_at|ecs_flow_fail|sd_journal_\w+|syslog)\s*\(")
PERSONAL = ("imsi", "msisdn", "imei", "iccid", "eid", "terminal_id", "device_id")
SECRET = ("token", "ki", "k", "op", "opc", "topc", "password", "secret", "passphrase", "conninfo", "cookie", "otp",
          "authorization", "ck", "ik", "msk", "k_aut", "k_encr", "private_key")
NAME = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->)[A-Za-z_]\w*|\[[^\]]*\])*")
HARMLESS = re.compile(r"(mask|masked|redacted|_n|_len|_count|_age|_s|_ms|_id|\.n|->n)$")


def parts_of(name):
    return [part for part in re.split(r"\.|->|\[[^\]]*\]", name) if part]


def fault_of(name):
    """Why a name must not be logged, or None."""
    parts = parts_of(name)
    if any("mask" in part or "redact" in part for part in parts):
        return None
    last = parts[-1]
    # imsi.s, sub->imsi, id.imsi.s
    inner = parts[-2] if last in ("s", "p") and len(parts) > 1 else last
    if inner in PERSONAL:
        return "an identity goes to the log unmasked"
    if HARMLESS.search(name):
        return None
    if inner in SECRET or inner.endswith(("_token", "_secret", "_password")):
        return "a secret goes to the log"
    return None


def without_masking(arguments):
    """Arguments of calls that mask are taken out."""
    while True:
        match = re.search(r"\b\w*(?:mask|redact)\w*\s*\(", arguments)
        if not match:
            return arguments
        end = source.closing(arguments, match.end() - 1)
        arguments = arguments[:match.start()] + arguments[(end if end >= 0 else len(arguments)) + 1:]


def check(faults):
    for path in source.files("src", suffixes=(".c", ".h")):
        code = source.strip(source.read(path))
        for match in CALL.finditer(code):
            end = source.closing(code, match.end() - 1)
            if end < 0:
                continue
            for name in NAME.findall(without_masking(code[match.end():end])):
                why = fault_of(name)
                if why:
                    faults.add(path, source.line_of(code, match.start()), f"{name}: {why}")


source.main(check)
