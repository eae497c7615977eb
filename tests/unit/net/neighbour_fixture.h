/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles and neighbours for the tests of src/net/http_pool*.c. */
#pragma once

#include "../http_double.h"

static struct http_double plain; /* HTTP/1.1 and HTTP/2 without TLS */

RIG_HELPER const char *url_at(const char *scheme, const struct http_double *d, const char *path)
{
    static char url[4][1024];
    static unsigned turn;
    char *p = url[turn++ % 4];

    snprintf(p, 1024, "%s://localhost:%u%s", scheme, d->port, path);
    return p;
}

RIG_HELPER const char *plain_url(const char *path)
{
    return url_at("http", &plain, path);
}

/* A port where nobody listens. */
RIG_HELPER const char *dead_url(void)
{
    return "http://127.0.0.1:1/";
}

RIG_HELPER struct ecs_neighbour *new_neighbour(struct rig *rig, struct ecs_neighbour_conf conf)
{
    struct ecs_neighbour *n;

    conf.name = "double";
    conf.allow_plain = true;
    n = ecs_neighbour_new(rig->pool, &conf);
    assert_non_null(n);
    return n;
}

RIG_HELPER int start_plain(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    double_start(&plain, NULL);
    return 0;
}

RIG_HELPER int stop_plain(void **state)
{
    (void)state;
    double_stop(&plain);
    return 0;
}

/* Value of a number in a control answer like {"connections": 3, ...}. */
RIG_HELPER int number_in(const char *json, const char *name)
{
    char key[64];
    const char *at;

    snprintf(key, sizeof(key), "\"%s\": ", name);
    at = strstr(json, key);
    assert_non_null(at);
    return atoi(at + strlen(key));
}
