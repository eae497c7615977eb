/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of ODSA stories: eligibility, the way from a wish to a downloaded profile, polling, download. */

#include "odsa.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUNDS_MAX = 3,
    PARAMS_MAX = 24,
    CODE_MAX = 1024,
    USUAL_PAUSE_MS = 2000,
    PAUSE_MAX_MS = 600000,
    RECOVER = 7
};

bool ecs_sim_odsa_eligible(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *member,
                           const struct ecs_sim_odsa_param *params)
{
    int64_t found;

    if (!ecs_sim_odsa_do(o, actor, "CheckEligibility", ECS_SIM_ODSA_NO_TYPE, params))
        return false;
    found = ecs_sim_odsa_number(o, member, -1);
    if (found == 1)
        return true;
    if (found < 0 || found > 2)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                                 "%s is missing or none of 0, 1, 2 (TS.43 Table 39)", member);
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "%s is %d: the application is not offered", member,
                             (int)found);
}

/* ---- commands of the user ---- */

static bool run_command(struct ecs_sim_odsa *o, const char *what, const char *command)
{
    int status = system(command);

    if (status == 0)
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "the command for the %s failed", what);
}

static void tell_command(const char *name, struct ecs_str value)
{
    char text[4096];

    snprintf(text, sizeof(text), "%.*s", ECS_FMT(value));
    setenv(name, text, 1);
}

/* ---- download ---- */

/* SGP.22 4.1: "1$ADDRESS$MATCHING-ID...", with or without "LPA:". */
static bool take_code(struct ecs_sim_odsa *o, struct ecs_str text, char code[CODE_MAX],
                      struct ecs_str *ret_host)
{
    ptrdiff_t n = ecs_base64_decode(text, (uint8_t *)code, CODE_MAX - 1);
    struct ecs_str rest = {code, n > 0 ? (size_t)n : 0}, part;

    if (n <= 0)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "ProfileActivationCode is not base64 (C-38)");
    code[n] = '\0';
    if (ecs_str_starts_with_nocase(rest, ECS_STR("LPA:")))
        rest = (struct ecs_str){rest.p + 4, rest.n - 4};
    if (!ecs_str_cut(&rest, '$', &part) || !ecs_str_eq(part, ECS_STR("1")) ||
        !ecs_str_cut(&rest, '$', ret_host) || !ret_host->n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                                 "the activation code is none of SGP.22 4.1: 1$ADDRESS$...");
    return true;
}

static struct ecs_str member(const struct ecs_sim_odsa *o, const char *prefix, const char *name)
{
    const char *path =
        ecs_printf(o->arena, "%s%s%s/DownloadInfo/%s", o->app, *prefix ? "/" : "", prefix, name);

    return path ? ecs_sim_document_get(&o->now->device.document, path) : ECS_STR_NULL;
}

bool ecs_sim_odsa_download(struct ecs_sim_odsa *o, const char *prefix, const char *eid)
{
    struct ecs_str text = member(o, prefix, "ProfileActivationCode"), host = ECS_STR_NULL;
    struct ecs_str address = member(o, prefix, "ProfileSmdpAddress"),
                   iccid = member(o, prefix, "ProfileIccid");
    char code[CODE_MAX] = "";

    if (!text.n && !(address.n && iccid.n))
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                                 "DownloadInfo has neither a code nor address and ICCID (TS.43 Table 41)");
    if (text.n && !take_code(o, text, code, &host))
        return false;
    if (iccid.n)
        o->iccid = ecs_strdup(o->arena, iccid);
    ecs_sim_odsa_say(o, "  the eUICC downloads from %.*s (%s)", ECS_FMT(text.n ? host : address),
                     text.n ? "activation code" : "by address");
    if (!o->own->download_command)
        return true;
    tell_command("ECS_CODE", ecs_str_of(code));
    tell_command("ECS_ADDRESS", text.n ? host : address);
    tell_command("ECS_ICCID", iccid);
    tell_command("ECS_EID", ecs_str_of(eid ? eid : ""));
    return run_command(o, "download", o->own->download_command);
}

/* ---- configurations ---- */

static const char *path_of(struct ecs_sim_odsa *o, struct ecs_str path, size_t cut)
{
    return ecs_strdup(o->arena, (struct ecs_str){path.p, path.n - cut});
}

static struct ecs_str of_block(const struct ecs_sim_odsa *o, const char *block, const char *name)
{
    return ecs_sim_document_app(&o->now->device.document, ecs_str_of(block), name);
}

const char *ecs_sim_odsa_configuration(struct ecs_sim_odsa *o)
{
    static const char end[] = "Configuration/ServiceStatus";
    const char *best = NULL;
    int best_rank = 0;

    for (const struct ecs_sim_value *v = o->now->device.document.first; v; v = v->next) {
        const char *block;
        struct ecs_str iccid;
        int rank = 1;

        if (!ecs_str_eq(v->name, ECS_STR("ServiceStatus")) ||
            !ecs_str_starts_with(v->path, ecs_str_of(o->app)) ||
            ecs_str_find(v->path, (struct ecs_str){end, 13}) < 0)
            continue;
        block = path_of(o, v->path, sizeof("/ServiceStatus") - 1);
        if (!block)
            return NULL;
        iccid = of_block(o, block, "ICCID");
        if (ecs_str_eq(v->value, ECS_STR("2")))
            rank = 2;
        if (of_block(o, block, "DownloadInfo/ProfileActivationCode").n ||
            of_block(o, block, "DownloadInfo/ProfileSmdpAddress").n)
            rank = 3;
        if (o->iccid && ecs_str_eq(iccid, ecs_str_of(o->iccid)))
            rank = 4;
        if (rank < 3 && o->own->old_iccid && ecs_str_eq(iccid, ecs_str_of(o->own->old_iccid)))
            continue; /* it stays in the list until it has moved */
        if (rank > best_rank) {
            best = block;
            best_rank = rank;
        }
    }
    return best;
}

/* In the unit that the server told; PollingInterval 0: it does not want to be asked. */
static uint32_t pause_of(struct ecs_sim_odsa *o, const char *block)
{
    static const uint32_t units_ms[] = {60000, 1000, 100};
    int64_t interval = 0, unit = 0;

    if (o->own->pause_ms)
        return o->own->pause_ms;
    if (block && (!ecs_str_to_i64(of_block(o, block, "PollingInterval"), &interval) || interval < 0))
        interval = 0;
    if (block && (!ecs_str_to_i64(of_block(o, block, "PollingIntervalUnit"), &unit) || unit < 0 || unit > 2))
        unit = 0;
    if (!interval)
        return USUAL_PAUSE_MS; /* a push would come now */
    return interval < PAUSE_MAX_MS / units_ms[unit] ? (uint32_t)interval * units_ms[unit] : PAUSE_MAX_MS;
}

static void sleep_ms(uint32_t ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    fflush(stdout);
    nanosleep(&time, NULL);
}

/* What the block says: 1 to be downloaded or in service, 0 not yet, -1 over. */
static int judge(struct ecs_sim_odsa *o, const char *block)
{
    int64_t status;

    if (!block)
        return 0;
    if (!ecs_str_to_i64(of_block(o, block, "ServiceStatus"), &status) || status < 1 || status > 4) {
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "ServiceStatus is none of 1 to 4 (TS.43 Table 42)");
        return -1;
    }
    if (status == 4) {
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "ServiceStatus 4: the profile does not come any more");
        return -1;
    }
    return status == 1 || of_block(o, block, "DownloadInfo/ProfileActivationCode").n ||
           of_block(o, block, "DownloadInfo/ProfileSmdpAddress").n;
}

static bool take_block(struct ecs_sim_odsa *o, const char *block, const char *eid)
{
    struct ecs_str iccid = of_block(o, block, "ICCID");
    const char *prefix = block + strlen(o->app) + 1;

    if (!o->iccid && iccid.n)
        o->iccid = ecs_strdup(o->arena, iccid);
    if (of_block(o, block, "DownloadInfo/ProfileActivationCode").n ||
        of_block(o, block, "DownloadInfo/ProfileSmdpAddress").n)
        return ecs_sim_odsa_download(o, prefix, eid);
    return true;
}

bool ecs_sim_odsa_poll(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish)
{
    for (uint32_t i = 0; i < o->own->polls; i++) {
        const char *block;
        int verdict;

        if (!ecs_sim_odsa_do(o, wish->actor, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, wish->configured))
            return false;
        block = ecs_sim_odsa_configuration(o);
        verdict = judge(o, block);
        if (verdict < 0)
            return false;
        if (verdict > 0)
            return take_block(o, block, wish->eid);
        sleep_ms(pause_of(o, block));
    }
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the profile did not come within %u requests",
                             (unsigned)o->own->polls);
}

bool ecs_sim_odsa_in_service(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish)
{
    for (uint32_t i = 0; i < o->own->polls; i++) {
        const char *block;
        struct ecs_str status;

        if (!ecs_sim_odsa_do(o, wish->actor, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, wish->configured))
            return false;
        block = ecs_sim_odsa_configuration(o);
        status = block ? of_block(o, block, "ServiceStatus") : ECS_STR_NULL;
        if (block && !o->iccid && of_block(o, block, "ICCID").n)
            o->iccid = ecs_strdup(o->arena, of_block(o, block, "ICCID"));
        if (ecs_str_eq(status, ECS_STR("1")))
            return true;
        if (!ecs_str_eq(status, ECS_STR("2")))
            return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the profile is not in service");
        sleep_ms(pause_of(o, block));
    }
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the profile is still being activated");
}

/* ---- from a wish to a profile ---- */

static bool go_to_portal(struct ecs_sim_odsa *o)
{
    struct ecs_str url = ecs_sim_odsa_value(o, "SubscriptionServiceURL");
    struct ecs_str host = url, part;

    if (!ecs_str_starts_with(url, ECS_STR("https://")))
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                                 "result 1 without an https address (TS.43 Table 40)");
    host = (struct ecs_str){url.p + 8, url.n - 8};
    if (!ecs_str_cut(&host, '/', &part))
        part = ECS_STR("?");
    ecs_sim_odsa_say(o, "  the user goes to the portal at %.*s", ECS_FMT(part));
    if (!o->own->portal_command)
        return true;
    tell_command("ECS_URL", url);
    tell_command("ECS_DATA", ecs_sim_odsa_value(o, "SubscriptionServiceUserData"));
    tell_command("ECS_TYPE", ecs_sim_odsa_value(o, "SubscriptionServiceContentsType"));
    return run_command(o, "portal", o->own->portal_command);
}

static bool delete_old(struct ecs_sim_odsa *o)
{
    ecs_sim_odsa_say(o, "  the user has to delete the old profile");
    if (!o->own->delete_command)
        return true;
    tell_command("ECS_ICCID", ecs_str_of(o->own->old_iccid ? o->own->old_iccid : ""));
    return run_command(o, "deletion", o->own->delete_command);
}

/* MSG_btn and MSG_response behind the parameters of the request. */
static bool answer_question(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_param *params,
                            struct ecs_sim_odsa_param *with)
{
    bool text = ecs_sim_odsa_number(o, "MSG/Accept_freetext", -1) == 1;
    size_t n = 0;

    if (!ecs_sim_odsa_value(o, "MSG/Message").n || ecs_sim_odsa_number(o, "MSG/Accept_btn", -1) < 0 ||
        ecs_sim_odsa_number(o, "MSG/Reject_btn", -1) < 0 ||
        ecs_sim_odsa_number(o, "MSG/Accept_freetext", -1) < 0)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "MSG lacks a member of TS.43 Table 45");
    ecs_sim_odsa_say(o, "  the user is asked: %.*s", ECS_FMT(ecs_sim_odsa_value(o, "MSG/Message")));
    if (text && !o->own->answer && !o->own->reject)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "the question needs --answer, or --reject");
    for (; params && params[n].name && n < PARAMS_MAX - 3; n++)
        with[n] = params[n];
    with[n++] = (struct ecs_sim_odsa_param){"MSG_btn", o->own->reject ? "0" : "1"};
    with[n++] = (struct ecs_sim_odsa_param){"MSG_response", text && !o->own->reject ? o->own->answer : NULL};
    with[n] = (struct ecs_sim_odsa_param){NULL, NULL};
    return true;
}

/* SubscriptionResult of a wish: 1 the story goes on there, 0 ask again, -1 over. */
static int go_on(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish,
                 struct ecs_sim_odsa_param *with)
{
    switch (ecs_sim_odsa_number(o, "SubscriptionResult", -1)) {
    case 1:
        return go_to_portal(o) && ecs_sim_odsa_poll(o, wish) ? 1 : -1;
    case 2:
        return ecs_sim_odsa_download(o, "", wish->eid) ? 1 : -1;
    case 3:
        return 1;
    case 4:
        return ecs_sim_odsa_poll(o, wish) ? 1 : -1;
    case 5:
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the server ends it without a profile (DISMISS)");
        return -1;
    case 6:
        return delete_old(o) && ecs_sim_odsa_poll(o, wish) ? 1 : -1;
    case 7:
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "only for devices that can take a profile again");
        return -1;
    case 8:
        return answer_question(o, wish->params, with) ? 0 : -1;
    default:
        if (wish->type == RECOVER && ecs_sim_odsa_configuration(o)) /* TS.43 8.13.2 */
            return take_block(o, ecs_sim_odsa_configuration(o), wish->eid) ? 1 : -1;
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                          "SubscriptionResult is missing or none of 1 to 8 (TS.43 Table 40)");
        return -1;
    }
}

bool ecs_sim_odsa_obtain(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish)
{
    struct ecs_sim_odsa_param with[PARAMS_MAX];
    const struct ecs_sim_odsa_param *params = wish->params;

    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        int way;

        if (!ecs_sim_odsa_do(o, wish->actor, "ManageSubscription", wish->type, params))
            return false;
        way = go_on(o, wish, with);
        if (way != 0)
            return way > 0;
        params = with;
    }
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "the server asks the same question again and again");
}
