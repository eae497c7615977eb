/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that the tests of the outbox begin with. */
#pragma once

#include "outbox_rig.h"

#define A "001010000000101"
#define B "001010000000102"
#define C "001010000000103"

/* Three lines on plan "gold"; A has a phone with all three applications, B a tablet with ap2004 only. */
static inline int fresh(void **state)
{
    (void)state;
    pg_test_sql("UPDATE notify_control SET enabled = false; DELETE FROM notify_campaign; DELETE FROM "
                "subscriber WHERE plan IN ('gold', 'silver');"
                "DELETE FROM device_identity; DELETE FROM service_notice;"
                "INSERT INTO brand (brand, name) VALUES ('acme', 'Acme') ON CONFLICT DO NOTHING;"
                "INSERT INTO plan (plan, name, features) VALUES ('gold', 'Gold', '{volte,vowifi}'), "
                "('silver', 'Silver', '{}') ON CONFLICT (plan) DO UPDATE SET features = excluded.features;"
                "INSERT INTO subscriber (imsi, msisdn, plan) VALUES ('" A "', '491510000101', 'gold'), "
                "('" B "', '491510000102', 'gold'), ('" C "', '491510000103', 'gold')");
    set_control("off");
    assert_int_equal(register_token(A, "phone-a", "token-a", ims_apps, 3), ECS_REGISTERED);
    assert_int_equal(register_token(B, "tablet-b", "token-b", &ims_apps[1], 1), ECS_REGISTERED);
    return 0;
}

static inline int64_t waiting(const char *imsi)
{
    char sql[160];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM notification WHERE imsi = '%s'", imsi);
    return pg_test_number(sql);
}

/* Applications of the only notification of a line as a text; empties the outbox. */
static inline void expect(const char *imsi, const char *apps)
{
    char sql[320];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM notification WHERE imsi = '%s' AND array_to_string(apps, ',') = '%s'",
             imsi, apps);
    if (apps[0] && pg_test_number(sql) != 1)
        fail_msg("%s is not told of %s", imsi, apps);
    assert_int_equal(waiting(imsi), apps[0] ? 1 : 0);
    snprintf(sql, sizeof(sql), "DELETE FROM notification WHERE imsi = '%s'", imsi);
    pg_test_sql(sql);
}
