#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every check of the sources. Prints each fault; ends non-zero when there was any. ECS_LINT_STRICT=1 (set by
# scripts/test) makes a missing tool a fault too.
cd "$(dirname "$0")" || exit 2
status=0
for check in layers sizes asserts tables secrets routes callback pages; do
    if ! PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$check.py"; then
        echo "lint: $check found faults" >&2
        status=1
    fi
done
exit $status
