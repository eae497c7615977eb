/* SPDX-License-Identifier: Apache-2.0 */
/* What a token endpoint has said. Tokens are checked for being sendable in a header; error codes for being
 * codes, since they go to the log; descriptions are ignored, since they may hold anything. */
#include "adapters/oauth_answer.h"

#include <string.h>

#include "ecs/json.h"
#include "ecs/neighbour.h"

enum {
    TOKEN_MAX = 8192,
    CODE_MAX = 64,
    LIFE_UNTOLD_S = 600,
    LIFE_MAX_S = 86400 * 30,
    SKEW_RANGE_S = 1000000
};

static const struct {
    const char *code;
    enum ecs_rc rc;
} codes[] = {
    {"invalid_request", ECS_E_CONFIG},
    {"invalid_client", ECS_E_CONFIG},
    {"invalid_grant", ECS_E_CONFIG},
    {"unauthorized_client", ECS_E_CONFIG},
    {"unsupported_grant_type", ECS_E_CONFIG},
    {"invalid_scope", ECS_E_CONFIG},
    {"invalid_target", ECS_E_CONFIG},
    {"access_denied", ECS_E_CONFIG},
    {"server_error", ECS_E_BACKEND},
    {"temporarily_unavailable", ECS_E_BACKEND},
    {"slow_down", ECS_E_OVERLOAD},
};

static bool is_code(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '-' || c == '.'))
            return false;
    }
    return text.n > 0 && text.n <= CODE_MAX;
}

static bool is_token(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
            return false;
    return text.n > 0 && text.n <= TOKEN_MAX;
}

/* The member, when there is exactly one of that name. */
static const struct ecs_json_member *member(const struct ecs_json_flat *flat, const char *name)
{
    const struct ecs_json_member *found = NULL;

    for (size_t i = 0; i < flat->n; i++) {
        if (!ecs_str_eq(flat->member[i].name, ecs_str_of(name)))
            continue;
        if (found)
            return NULL;
        found = &flat->member[i];
    }
    return found;
}

static struct ecs_str text_of(const struct ecs_json_flat *flat, const char *name)
{
    const struct ecs_json_member *m = member(flat, name);

    return m && m->kind == ECS_JSON_STRING ? m->value : ECS_STR_NULL;
}

/* Some providers write the number as a text. */
static int64_t life_of(const struct ecs_json_flat *flat)
{
    const struct ecs_json_member *m = member(flat, "expires_in");
    int64_t life;

    if (!m || (m->kind != ECS_JSON_NUMBER && m->kind != ECS_JSON_STRING) || !ecs_str_to_i64(m->value, &life))
        return LIFE_UNTOLD_S;
    if (life < 0)
        return 0;
    return life < LIFE_MAX_S ? life : LIFE_MAX_S;
}

static void read_token(const struct ecs_json_flat *flat, struct oauth_answer *ret)
{
    struct ecs_str type = text_of(flat, "token_type");

    ret->token = text_of(flat, "access_token");
    ret->life_s = life_of(flat);
    ret->rc = ECS_E_BACKEND;
    if (!is_token(ret->token))
        ret->error = "the answer holds no usable access_token";
    else if (member(flat, "token_type") && !ecs_str_eq_nocase(type, ECS_STR("bearer")))
        ret->error = "the token is of another type than Bearer";
    else
        ret->rc = ECS_OK;
    if (ret->rc != ECS_OK)
        ret->token = ECS_STR_NULL;
}

static enum ecs_rc rc_of_status(int status)
{
    if (status == 429)
        return ECS_E_OVERLOAD;
    return status >= 400 && status < 500 && status != 408 ? ECS_E_CONFIG : ECS_E_BACKEND;
}

static void read_error(int status, const struct ecs_json_flat *flat, struct ecs_arena *arena,
                       struct oauth_answer *ret)
{
    struct ecs_str code = flat ? text_of(flat, "error") : ECS_STR_NULL;

    ret->rc = rc_of_status(status);
    if (!is_code(code)) {
        ret->error = ecs_printf(arena, "HTTP status %d without an error code", status);
    } else {
        ret->error = ecs_printf(arena, "HTTP status %d, %.*s", status, ECS_FMT(code));
        ret->bad_grant = ecs_str_eq(code, ECS_STR("invalid_grant"));
        for (size_t i = 0; status < 500 && status != 429 && i < ECS_ARRAY_LEN(codes); i++)
            if (ecs_str_eq(code, ecs_str_of(codes[i].code)))
                ret->rc = codes[i].rc;
    }
    if (!ret->error)
        ret->error = "HTTP error status";
}

void oauth_answer_read(int status, struct ecs_str body, struct ecs_arena *arena,
                       struct oauth_answer *ret_answer)
{
    struct ecs_json_flat flat;
    const char *ignored;
    bool json = ecs_json_flat_parse(arena, body, &flat, &ignored) == ECS_OK;

    *ret_answer = (struct oauth_answer){.rc = ECS_E_BACKEND};
    if (status != 200)
        read_error(status, json ? &flat : NULL, arena, ret_answer);
    else if (json)
        read_token(&flat, ret_answer);
    else
        ret_answer->error = "the answer is no JSON object";
}

/* Retry-After reads the same dates, but knows no past: so it is asked from a point long before. */
bool oauth_clock_behind_s(const char *date, int64_t now, int64_t *ret_seconds)
{
    int64_t ahead;

    if (!date || (*date >= '0' && *date <= '9')) /* a number is a delay, not a date */
        return false;
    ahead = ecs_http_retry_after_s(ecs_str_of(date), now - SKEW_RANGE_S);
    if (ahead <= 0)
        return false;
    *ret_seconds = ahead - SKEW_RANGE_S;
    return true;
}
