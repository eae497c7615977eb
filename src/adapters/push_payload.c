/* SPDX-License-Identifier: Apache-2.0 */
/* What devices get: the JSON of TS.43 2.6.2 in the envelope of each provider. Applications and time only: a
 * push is a reason to ask, never an answer. */
#include <stdio.h>

#include "adapters/push_int.h"
#include "ecs/clock.h"
#include "ecs/json.h"

enum { APP_MAX = 32, FCM_TTL_MAX_S = 2419200 };

static bool is_app(struct ecs_str app)
{
    for (size_t i = 0; i < app.n; i++)
        if (!((app.p[i] >= '0' && app.p[i] <= '9') || (app.p[i] >= 'a' && app.p[i] <= 'z')))
            return false;
    return app.n > 0 && app.n <= APP_MAX;
}

/* YYYY-MM-DDThh:mm:ss and Z, +hh:mm or -hh:mm (TS.43 2.6.2). */
static bool is_timestamp(struct ecs_str text)
{
    int64_t unix_seconds;

    return (text.n == 20 || text.n == 25) && text.p[10] == 'T' && ecs_time_parse(text, &unix_seconds);
}

const char *push_message_fault(const struct ecs_push_message *message)
{
    struct ecs_str rest = message->apps, app;
    size_t n = 0;

    while (ecs_str_cut(&rest, ',', &app))
        if (!is_app(app) || ++n > PUSH_APPS_MAX)
            return "the list of applications is malformed";
    if (n == 0 || message->apps.p[message->apps.n - 1] == ',')
        return "the list of applications is malformed";
    if (!is_timestamp(message->timestamp))
        return "the timestamp is malformed";
    return message->ttl_s < 0 ? "the time to live is negative" : NULL;
}

/* "ap2004", or ["ap2003","ap2004"]. */
static void add_apps(struct ecs_buf *buf, struct ecs_str apps)
{
    struct ecs_json_out out = {.buf = buf};
    struct ecs_str app;

    if (ecs_str_find(apps, ECS_STR(",")) < 0) {
        ecs_json_str(&out, NULL, apps);
        return;
    }
    ecs_json_begin(&out, NULL, '[');
    while (ecs_str_cut(&apps, ',', &app))
        ecs_json_str(&out, NULL, app);
    ecs_json_end(&out, ']');
}

static struct ecs_str keep(struct ecs_buf *buf, struct ecs_arena *arena)
{
    struct ecs_str copy = {buf->overflow ? NULL : ecs_memdup(arena, buf->p, buf->n), buf->n};

    ecs_buf_done(buf);
    return copy.p ? copy : ECS_STR_NULL;
}

const char *push_collapse_key(const struct ecs_push_message *message, struct ecs_arena *arena)
{
    uint64_t hash = ecs_hash(message->device.p ? message->device.p : "", message->device.n);

    hash = ecs_hash_more(hash, "|", 1);
    hash = ecs_hash_more(hash, message->apps.p, message->apps.n);
    return ecs_printf(arena, "ts43-%016llx", (unsigned long long)hash);
}

struct ecs_str push_fcm_body(const struct ecs_push_message *message, struct ecs_arena *arena)
{
    struct ecs_buf buf = {0}, apps = {0};
    struct ecs_json_out out = {.buf = &buf};
    int64_t ttl_s = message->ttl_s > FCM_TTL_MAX_S ? FCM_TTL_MAX_S : message->ttl_s;
    const char *key = push_collapse_key(message, arena);
    char ttl[32];

    if (!key)
        return ECS_STR_NULL;
    snprintf(ttl, sizeof(ttl), "%llds", (long long)ttl_s);
    /* Values of data are strings: of several applications the text of the array is one. */
    if (ecs_str_find(message->apps, ECS_STR(",")) < 0)
        ecs_buf_add_str(&apps, message->apps);
    else
        add_apps(&apps, message->apps);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_begin(&out, "message", '{');
    ecs_json_str(&out, "token", message->token);
    ecs_json_begin(&out, "data", '{');
    ecs_json_str(&out, "app", ecs_buf_str(&apps));
    ecs_json_str(&out, "timestamp", message->timestamp);
    ecs_json_end(&out, '}');
    ecs_json_begin(&out, "android", '{');
    ecs_json_str(&out, "priority", ECS_STR("HIGH"));
    ecs_json_str(&out, "ttl", ecs_str_of(ttl));
    ecs_json_str(&out, "collapse_key", ecs_str_of(key));
    ecs_json_end(&out, '}');
    ecs_json_end(&out, '}');
    ecs_json_end(&out, '}');
    buf.overflow = buf.overflow || apps.overflow;
    ecs_buf_done(&apps);
    return keep(&buf, arena);
}

/* {"app":...,"timestamp":...} as member "data". */
static void add_data(struct ecs_json_out *out, const struct ecs_push_message *message)
{
    ecs_json_begin(out, "data", '{');
    ecs_json_add_name(out->buf, ECS_STR("app"));
    add_apps(out->buf, message->apps);
    out->comma = true;
    ecs_json_str(out, "timestamp", message->timestamp);
    ecs_json_end(out, '}');
}

struct ecs_str push_apns_body(const struct ecs_push_message *message, struct ecs_arena *arena)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    ecs_json_begin(&out, NULL, '{');
    ecs_json_begin(&out, "aps", '{');
    ecs_json_i64(&out, "content-available", 1);
    ecs_json_end(&out, '}');
    add_data(&out, message);
    ecs_json_end(&out, '}');
    return keep(&buf, arena);
}

struct ecs_str push_wns_body(const struct ecs_push_message *message, struct ecs_arena *arena)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    ecs_json_begin(&out, NULL, '{');
    add_data(&out, message);
    ecs_json_end(&out, '}');
    return keep(&buf, arena);
}
