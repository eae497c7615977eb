/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about accounting. */
#pragma once

#include "adapters/aaa_int.h"
#include "ecs/accounting.h"

struct accounting_writing; /* a row on its way into the database */

struct ecs_accounting {
    struct ecs_accounting_env env;
    const struct ecs_accounting_conf *conf;
    const char *nas;
    struct ecs_radius *radius; /* via radius */
    struct accounting_writing *writings;
    unsigned writings_n;
};

/* --- accounting.c --- */
void accounting_count(const struct ecs_accounting *a, enum ecs_accounting_count what);

/* --- accounting_send.c --- */
/* Attributes of one record; status START, STOP, ON or OFF. False: it cannot be written. */
bool accounting_put_record(struct ecs_buf *buf, const struct ecs_accounting_row *row,
                           enum ecs_radius_status status);
/* RFC 6733 9.8.1 */
enum accounting_acr { ACCOUNTING_EVENT_RECORD = 1, ACCOUNTING_START_RECORD = 2, ACCOUNTING_STOP_RECORD = 4 };
/* AVPs of one record of a session. */
void accounting_put_acr(struct ecs_buf *buf, const struct ecs_accounting_conf *conf,
                        const struct aaa_origin *me, const struct ecs_accounting_row *row,
                        enum accounting_acr type);
