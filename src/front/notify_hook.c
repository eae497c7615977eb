/* SPDX-License-Identifier: Apache-2.0 */
/* The web hook of a partner (TS.43 10.2.1: by private agreement): one signed POST for each line whose
 * applications changed. */
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/json.h"
#include "notify_priv.h"

bool notify_url_fits(struct ecs_str url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (ecs_str_starts_with(url, ECS_STR("https://")))
        return url.n > 8 && !strchr("/:?#@", url.p[8]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(loopback); i++) {
        struct ecs_str host = ecs_str_of(loopback[i]);

        if (ecs_str_starts_with(url, host) && url.n > host.n && strchr(":/", url.p[host.n]) &&
            !memchr(url.p, '@', url.n))
            return true;
    }
    return false;
}

static struct ecs_str write_body(struct ecs_flow *f, struct notify_job *job, const char *apps)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};
    struct ecs_str rest = ecs_str_of(apps), part, body;

    ecs_time_format(ecs_clock_now(), job->timestamp);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_i64(&out, "id", job->row.id);
    ecs_json_i64(&out, "serial", job->row.serial);
    ecs_json_str(&out, "imsi", job->row.imsi);
    ecs_json_begin(&out, "app", '[');
    while (ecs_str_cut(&rest, ',', &part))
        ecs_json_str(&out, NULL, part);
    ecs_json_end(&out, ']');
    ecs_json_str(&out, "timestamp", ecs_str_of(job->timestamp));
    ecs_json_end(&out, '}');
    body = (struct ecs_str){buf.overflow ? NULL : ecs_strdup(f->arena, ecs_buf_str(&buf)), buf.n};
    ecs_buf_done(&buf);
    return body;
}

enum ecs_next notify_hook_send(struct ecs_flow *f, struct notify_job *job, const char *apps)
{
    const struct ecs_notify_conf *c = job->engine->notify;
    struct ecs_str body = write_body(f, job, apps);
    uint8_t mac[ECS_SHA256_LEN];
    char hex[2 * ECS_SHA256_LEN + 1];
    const char *signature = NULL;

    if (body.p && ecs_hmac(job->notify->front->crypto, ECS_DIGEST_SHA256, (const uint8_t *)c->webhook_secret,
                           strlen(c->webhook_secret), &body, 1, mac)) {
        ecs_hex_encode(mac, sizeof(mac), hex);
        signature = ecs_printf(f->arena, "sha256=%s", hex);
    }
    if (!signature)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the web hook");
    job->ask = (struct ecs_ask){.method = "POST",
                                .url = c->webhook_url,
                                .header = {{"X-ECS-Signature", signature}},
                                .content_type = "application/json",
                                .body = body};
    return ecs_neighbour_ask(f, job->engine->hook, &job->ask, &job->answer);
}

void notify_hook_judge(struct notify_job *job)
{
    const struct ecs_ask_answer *a = &job->answer;
    struct ecs_send_result *r = &job->result;
    int status = a->rc == ECS_OK ? a->status : 0;

    *r = (struct ecs_send_result){.class = ECS_SEND_RETRY,
                                  .retry_after_s = a->retry_after_s > 0 ? a->retry_after_s : 0,
                                  .reason = a->error};
    if (status)
        r->reason = ecs_printf(job->flow.arena, "status %d", status);
    if (status >= 200 && status < 300)
        *r = (struct ecs_send_result){.class = ECS_SEND_OK};
    else if (status == 401 || status == 403 || status == 404)
        r->class = ECS_SEND_CONFIG;
    else if (status >= 300 && status < 500 && status != 408 && status != 429)
        r->class = ECS_SEND_BAD;
}
