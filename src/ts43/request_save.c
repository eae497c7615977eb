/* SPDX-License-Identifier: Apache-2.0 */
/* Saved requests: "ER", form 1, kind, then records of code, length (16 bits, high byte first) and value.
 * Codes are those of request.def; unknown ones are skipped, so that nodes of two releases can share a
 * session. */
#include "ts43/request_priv.h"

enum { SAVE_FORM = 1, HEAD = 4, CODE_ACCEPT = 251, CODE_ACCEPT_LANGUAGE = 252, CODE_USER_AGENT = 253 };

static void add_record(struct ecs_buf *out, uint8_t code, struct ecs_str value)
{
    if (!value.p)
        return;
    ecs_buf_add_char(out, (char)code);
    ecs_buf_add_char(out, (char)(value.n >> 8));
    ecs_buf_add_char(out, (char)(value.n & 0xff));
    ecs_buf_add_str(out, value);
}

void ecs_ts43_request_save(const struct ecs_ts43_request *request, struct ecs_buf *out)
{
    char head[HEAD] = {'E', 'R', SAVE_FORM, (char)request->kind};

    ecs_buf_add(out, head, sizeof(head));
    for (unsigned i = 0; i < ECS_P_COUNT; i++)
        add_record(out, ecs_param_rows[i].code, request->param[i]);
    add_record(out, CODE_ACCEPT, request->accept);
    add_record(out, CODE_ACCEPT_LANGUAGE, request->accept_language);
    add_record(out, CODE_USER_AGENT, request->user_agent);
}

static bool load_param(struct reading *reading, uint8_t code, struct ecs_str value)
{
    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        if (ecs_param_rows[i].code != code)
            continue;
        if (reading->request->param[i].p || (value.n == 0 && i != ECS_P_BOOST_TYPE))
            return false;
        return ecs_reading_store(reading, (enum ecs_param)i, value);
    }
    return true;
}

static bool load_record(struct reading *reading, uint8_t code, struct ecs_str value)
{
    struct ecs_ts43_request *request = reading->request;
    struct ecs_str *header = code == CODE_ACCEPT            ? &request->accept
                             : code == CODE_ACCEPT_LANGUAGE ? &request->accept_language
                             : code == CODE_USER_AGENT      ? &request->user_agent
                                                            : NULL;

    if (!header)
        return load_param(reading, code, value);
    if (header->p)
        return false;
    *header = value;
    return true;
}

static bool load_all(struct reading *reading, struct ecs_str saved)
{
    const unsigned char *p = (const unsigned char *)saved.p;
    size_t at = HEAD;

    if (saved.n < HEAD || p[0] != 'E' || p[1] != 'R' || p[2] != SAVE_FORM)
        return false;
    if (p[3] != ECS_TS43_NEW && p[3] != ECS_TS43_RETURN)
        return false;
    while (at < saved.n) {
        size_t n;

        if (saved.n - at < 3)
            return false;
        n = (size_t)p[at + 1] << 8 | p[at + 2];
        if (saved.n - at - 3 < n)
            return false;
        if (!load_record(reading, p[at], (struct ecs_str){saved.p + at + 3, n}))
            return false;
        at += 3 + n;
    }
    return ecs_reading_interpret(reading) && reading->request->kind == (enum ecs_ts43_kind)p[3];
}

enum ecs_rc ecs_ts43_request_load(struct ecs_arena *arena, struct ecs_str saved,
                                  struct ecs_ts43_request *ret_request)
{
    struct reading reading = {.arena = arena, .request = ret_request, .rc = ECS_OK};

    *ret_request = (struct ecs_ts43_request){.kind = ECS_TS43_NEW, .notif_action = -1};
    if (load_all(&reading, saved))
        return ECS_OK;
    return reading.rc == ECS_E_TOO_LARGE ? ECS_E_TOO_LARGE : ECS_E_SESSION_LOST;
}
