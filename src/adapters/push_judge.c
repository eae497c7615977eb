/* SPDX-License-Identifier: Apache-2.0 */
/* What the answer of a push provider means for the message and for the token (push digest 2.2, 3, 4). Tables
 * of the providers' codes, then the HTTP status for what they do not name. Pure. */
#include <jansson.h>
#include <string.h>

#include "adapters/push_int.h"
#include "ecs/json.h"

enum { QUOTA_S = 60, UNAVAILABLE_S = 10 };

enum extra {
    RENEW = 1, /* our access or provider token: a new one, once */
    FIELD = 2, /* DROP when the fault is in the device's token */
    FEW = 4,   /* RETRY only a few times, then BAD */
    WHEN = 8,  /* the body says since when the token is dead */
};

struct row {
    const char *code;
    enum ecs_send_class class;
    int64_t least_s; /* RETRY without Retry-After */
    unsigned extra;
};

/* error.details[].errorCode of google.firebase.fcm.v1.FcmError, then error.status of google.rpc. A NOT_FOUND
 * that is not UNREGISTERED speaks of our project, not of the token. */
static const struct row fcm_rows[] = {
    {"INVALID_ARGUMENT", ECS_SEND_BAD, 0, FIELD},
    {"THIRD_PARTY_AUTH_ERROR", ECS_SEND_CONFIG, 0, RENEW},
    {"SENDER_ID_MISMATCH", ECS_SEND_DROP, 0, 0},
    {"UNREGISTERED", ECS_SEND_DROP, 0, 0},
    {"QUOTA_EXCEEDED", ECS_SEND_RETRY, QUOTA_S, 0},
    {"INTERNAL", ECS_SEND_RETRY, 0, 0},
    {"UNAVAILABLE", ECS_SEND_RETRY, UNAVAILABLE_S, 0},
    {"UNSPECIFIED_ERROR", ECS_SEND_RETRY, 0, FEW},
    {"UNAUTHENTICATED", ECS_SEND_CONFIG, 0, RENEW},
    {"PERMISSION_DENIED", ECS_SEND_CONFIG, 0, 0},
    {"NOT_FOUND", ECS_SEND_CONFIG, 0, 0},
    {"RESOURCE_EXHAUSTED", ECS_SEND_RETRY, QUOTA_S, 0},
    {"DEADLINE_EXCEEDED", ECS_SEND_RETRY, 0, 0},
};

static const struct row apns_rows[] = {
    {"BadDeviceToken", ECS_SEND_DROP, 0, 0},
    {"DeviceTokenNotForTopic", ECS_SEND_DROP, 0, 0},
    {"BadCollapseId", ECS_SEND_BAD, 0, 0},
    {"BadExpirationDate", ECS_SEND_BAD, 0, 0},
    {"BadMessageId", ECS_SEND_BAD, 0, 0},
    {"BadPriority", ECS_SEND_BAD, 0, 0},
    {"BadTopic", ECS_SEND_CONFIG, 0, 0},
    {"MissingTopic", ECS_SEND_CONFIG, 0, 0},
    {"TopicDisallowed", ECS_SEND_CONFIG, 0, 0},
    {"PayloadEmpty", ECS_SEND_BAD, 0, 0},
    {"DuplicateHeaders", ECS_SEND_BAD, 0, 0},
    {"IdleTimeout", ECS_SEND_RETRY, 0, 0}, /* of the connection, not of the message */
    {"InvalidPushType", ECS_SEND_BAD, 0, 0},
    {"MissingDeviceToken", ECS_SEND_BAD, 0, 0},
    {"ExpiredProviderToken", ECS_SEND_CONFIG, 0, RENEW},
    {"InvalidProviderToken", ECS_SEND_CONFIG, 0, 0},
    {"MissingProviderToken", ECS_SEND_CONFIG, 0, 0},
    {"BadCertificate", ECS_SEND_CONFIG, 0, 0},
    {"BadCertificateEnvironment", ECS_SEND_CONFIG, 0, 0},
    {"Forbidden", ECS_SEND_CONFIG, 0, 0},
    {"BadPath", ECS_SEND_BAD, 0, 0},
    {"MethodNotAllowed", ECS_SEND_BAD, 0, 0},
    {"PayloadTooLarge", ECS_SEND_BAD, 0, 0},
    {"Unregistered", ECS_SEND_DROP, 0, WHEN},
    {"ExpiredToken", ECS_SEND_DROP, 0, WHEN},
    {"TooManyRequests", ECS_SEND_RETRY, QUOTA_S, 0},
    {"TooManyProviderTokenUpdates", ECS_SEND_RETRY, QUOTA_S, 0},
    {"InternalServerError", ECS_SEND_RETRY, 0, 0},
    {"ServiceUnavailable", ECS_SEND_RETRY, 0, 0},
    {"Shutdown", ECS_SEND_RETRY, 0, 0},
};

/* By status alone; low to high. */
struct range {
    int low, high;
    struct row row;
};

static const struct range fcm_statuses[] = {
    {400, 400, {"HTTP 400", ECS_SEND_BAD, 0, 0}},
    {401, 401, {"HTTP 401", ECS_SEND_CONFIG, 0, RENEW}},
    {403, 404, {"HTTP 403 or 404", ECS_SEND_CONFIG, 0, 0}},
    {429, 429, {"HTTP 429", ECS_SEND_RETRY, QUOTA_S, 0}},
    {400, 499, {"HTTP 4xx", ECS_SEND_BAD, 0, 0}},
    {503, 503, {"HTTP 503", ECS_SEND_RETRY, UNAVAILABLE_S, 0}},
    {500, 599, {"HTTP 5xx", ECS_SEND_RETRY, 0, 0}},
    {0, 999, {"an answer that is none of FCM", ECS_SEND_CONFIG, 0, 0}},
};

static const struct range apns_statuses[] = {
    {200, 200, {"accepted", ECS_SEND_OK, 0, 0}},
    {403, 403, {"HTTP 403", ECS_SEND_CONFIG, 0, 0}},
    {410, 410, {"HTTP 410", ECS_SEND_DROP, 0, WHEN}},
    {429, 429, {"HTTP 429", ECS_SEND_RETRY, QUOTA_S, 0}},
    {400, 499, {"HTTP 4xx", ECS_SEND_BAD, 0, 0}},
    {500, 599, {"HTTP 5xx", ECS_SEND_RETRY, 0, 0}},
    {0, 999, {"an answer that is none of APNs", ECS_SEND_CONFIG, 0, 0}},
};

static const struct range wns_statuses[] = {
    {200, 200, {"received", ECS_SEND_OK, 0, 0}},
    {401, 401, {"HTTP 401", ECS_SEND_CONFIG, 0, RENEW}},
    {403, 403, {"HTTP 403: a channel of another application", ECS_SEND_DROP, 0, 0}},
    {404, 404, {"HTTP 404", ECS_SEND_DROP, 0, 0}},
    {406, 406, {"HTTP 406: throttled", ECS_SEND_RETRY, QUOTA_S, 0}},
    {410, 410, {"HTTP 410", ECS_SEND_DROP, 0, 0}},
    {429, 429, {"HTTP 429", ECS_SEND_RETRY, QUOTA_S, 0}},
    {400, 499, {"HTTP 4xx", ECS_SEND_BAD, 0, 0}},
    {500, 599, {"HTTP 5xx", ECS_SEND_RETRY, 0, 0}},
    {0, 999, {"an answer that is none of WNS", ECS_SEND_CONFIG, 0, 0}},
};

static const struct row *find_code(const struct row *rows, size_t n, const char *code)
{
    for (size_t i = 0; code && i < n; i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows + i;
    return NULL;
}

/* The last range of each table takes everything. */
static const struct row *find_status(const struct range *ranges, size_t n, int status)
{
    size_t i = 0;

    while (i + 1 < n && !(status >= ranges[i].low && status <= ranges[i].high))
        i++;
    return &ranges[i].row;
}

static void decide(const struct row *row, const struct push_answer *answer, struct push_verdict *verdict)
{
    struct ecs_send_result *r = &verdict->result;

    *verdict = (struct push_verdict){.result = {.class = row->class, .reason = row->code}};
    verdict->renew = row->extra & RENEW;
    if (row->class == ECS_SEND_RETRY)
        r->retry_after_s = answer->retry_after_s >= 0 ? answer->retry_after_s : row->least_s;
    if ((row->extra & FEW) && answer->attempts + 1 >= PUSH_FEW_ATTEMPTS)
        r->class = ECS_SEND_BAD;
}

static const json_t *load(struct ecs_str body, struct ecs_arena *arena)
{
    json_t *json = NULL;
    const char *reason;

    return body.n && ecs_json_load(arena, body, &json, &reason) == ECS_OK ? json : NULL;
}

/* ---- FCM ---- */

static bool type_ends_with(const json_t *detail, const char *suffix)
{
    return ecs_str_ends_with(ecs_str_of(json_string_value(json_object_get(detail, "@type"))),
                             ecs_str_of(suffix));
}

static const char *fcm_error_code(const json_t *details)
{
    for (size_t i = 0; i < json_array_size(details); i++) {
        const json_t *detail = json_array_get(details, i);

        if (type_ends_with(detail, "google.firebase.fcm.v1.FcmError"))
            return json_string_value(json_object_get(detail, "errorCode"));
    }
    return NULL;
}

/* google.rpc.BadRequest names the field at fault. */
static bool fcm_blames_token(const json_t *details)
{
    for (size_t i = 0; i < json_array_size(details); i++) {
        const json_t *detail = json_array_get(details, i);
        const json_t *fields = json_object_get(detail, "fieldViolations");

        if (!type_ends_with(detail, "google.rpc.BadRequest"))
            continue;
        for (size_t k = 0; k < json_array_size(fields); k++) {
            const char *field = json_string_value(json_object_get(json_array_get(fields, k), "field"));

            if (field && strcmp(field, "message.token") == 0)
                return true;
        }
    }
    return false;
}

void push_judge_fcm(const struct push_answer *answer, struct ecs_arena *arena,
                    struct push_verdict *ret_verdict)
{
    static const struct row accepted = {"accepted", ECS_SEND_OK, 0, 0};
    const json_t *json = load(answer->body, arena);
    const json_t *error = json_object_get(json, "error");
    const json_t *details = json_object_get(error, "details");
    const struct row *row = NULL;

    if (answer->status == 200 && json_is_string(json_object_get(json, "name"))) {
        decide(&accepted, answer, ret_verdict);
        return;
    }
    if (answer->status >= 400) {
        row = find_code(fcm_rows, ECS_ARRAY_LEN(fcm_rows), fcm_error_code(details));
        if (!row)
            row = find_code(fcm_rows, ECS_ARRAY_LEN(fcm_rows),
                            json_string_value(json_object_get(error, "status")));
    }
    if (!row)
        row = find_status(fcm_statuses, ECS_ARRAY_LEN(fcm_statuses), answer->status);
    decide(row, answer, ret_verdict);
    if ((row->extra & FIELD) && fcm_blames_token(details)) {
        ret_verdict->result.class = ECS_SEND_DROP;
        ret_verdict->result.reason = "INVALID_ARGUMENT of message.token";
    }
}

/* ---- APNs ---- */

void push_judge_apns(const struct push_answer *answer, struct ecs_arena *arena,
                     struct push_verdict *ret_verdict)
{
    const json_t *json = answer->status == 200 ? NULL : load(answer->body, arena);
    const struct row *row =
        find_code(apns_rows, ECS_ARRAY_LEN(apns_rows), json_string_value(json_object_get(json, "reason")));

    if (!row)
        row = find_status(apns_statuses, ECS_ARRAY_LEN(apns_statuses), answer->status);
    decide(row, answer, ret_verdict);
    if (row->extra & WHEN) {
        json_int_t ms = json_integer_value(json_object_get(json, "timestamp"));

        ret_verdict->result.dead_since_s = ms > 0 ? (int64_t)(ms / 1000) : 0;
    }
}

/* ---- WNS ---- */

/* A notification that was dropped or throttled comes with 200, too. Dropped twice: the device cannot have it
 * now, and it will ask by itself. */
void push_judge_wns(const struct push_answer *answer, struct push_verdict *ret_verdict)
{
    static const struct row dropped = {"dropped", ECS_SEND_RETRY, 0, 0};
    static const struct row dropped_again = {"dropped again", ECS_SEND_OK, 0, 0};
    static const struct row throttled = {"channelthrottled", ECS_SEND_RETRY, QUOTA_S, 0};
    const struct row *row = find_status(wns_statuses, ECS_ARRAY_LEN(wns_statuses), answer->status);
    struct ecs_str status = ecs_str_of(answer->wns_status);

    if (answer->status == 200 && ecs_str_eq_nocase(status, ECS_STR("dropped")))
        row = answer->attempts ? &dropped_again : &dropped;
    else if (answer->status == 200 && ecs_str_eq_nocase(status, ECS_STR("channelthrottled")))
        row = &throttled;
    decide(row, answer, ret_verdict);
}

/* ---- no answer ---- */

void push_judge_silence(enum ecs_rc rc, struct ecs_send_result *ret_result)
{
    *ret_result = (struct ecs_send_result){.class = ECS_SEND_RETRY, .reason = "no answer"};
    switch (rc) {
    case ECS_E_TIMEOUT:
        ret_result->reason = "no answer in time";
        break;
    case ECS_E_OVERLOAD:
        ret_result->reason = "not asked: budget spent or breaker open";
        ret_result->retry_after_s = 1;
        break;
    case ECS_E_CONFIG:
        ret_result->class = ECS_SEND_CONFIG;
        ret_result->reason = "our credentials are refused";
        break;
    case ECS_E_BAD_PARAMETER:
        ret_result->class = ECS_SEND_BAD;
        ret_result->reason = "the request cannot be sent";
        break;
    default:
        break;
    }
}
