/* SPDX-License-Identifier: Apache-2.0 */
/* "odsa": options, the table of stories, and the verdict. */

#include <errno.h>
#include <string.h>

#include "odsa.h"

enum { USUAL_POLLS = 20, POLLS_MOST = 1000, PAUSE_MOST_MS = 600000 };

enum {
    OPT_FIRST = 2000,
    OPT_COMPANION_ID = OPT_FIRST,
    OPT_COMPANION_EID,
    OPT_COMPANION_NAME,
    OPT_COMPANION_VENDOR,
    OPT_COMPANION_MODEL,
    OPT_SERVICE,
    OPT_OLD_COMPANION_ID,
    OPT_OLD_COMPANION_ICCID,
    OPT_EID,
    OPT_TARGET_ID,
    OPT_TARGET_EID,
    OPT_OLD_ID,
    OPT_OLD_ICCID,
    OPT_ICCID,
    OPT_ANSWER,
    OPT_TOKEN,
    OPT_MSISDN,
    OPT_OTP_COMMAND,
    OPT_PORTAL_COMMAND,
    OPT_DOWNLOAD_COMMAND,
    OPT_DELETE_COMMAND,
    OPT_ENTERPRISE,
    OPT_REQUESTOR,
    OPT_DEVICE_ID,
    OPT_DEVICE_EID,
    OPT_PLAN,
    OPT_REJECT,
    OPT_REDOWNLOADABLE,
    OPT_NO_CONFIRM,
    OPT_POLLS,
    OPT_PAUSE
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Companion (ap2006):", 6},
    {"companion-id", OPT_COMPANION_ID, "ID", 0, "IMEI or UUID of the watch", 6},
    {"companion-eid", OPT_COMPANION_EID, "EID", 0, "its eUICC", 6},
    {"companion-name", OPT_COMPANION_NAME, "TEXT", 0, "its friendly name", 6},
    {"companion-vendor", OPT_COMPANION_VENDOR, "TEXT", 0, "its maker", 6},
    {"companion-model", OPT_COMPANION_MODEL, "TEXT", 0, "its model", 6},
    {"service", OPT_SERVICE, "WORD", 0, "SharedNumber, DiffNumber, FamilyNumber", 6},
    {"old-companion-id", OPT_OLD_COMPANION_ID, "ID", 0, "the watch that gives its profile away", 6},
    {"old-companion-iccid", OPT_OLD_COMPANION_ICCID, "ICCID", 0,
     "its profile (default: the first one that the server lists)", 6},
    {NULL, 0, NULL, 0, "Phones (ap2009):", 7},
    {"eid", OPT_EID, "EID", 0, "eUICC of the phone", 7},
    {"target-id", OPT_TARGET_ID, "ID", 0, "the new phone, or the eSIM side of the same phone", 7},
    {"target-eid", OPT_TARGET_EID, "EID", 0, "its eUICC", 7},
    {"old-id", OPT_OLD_ID, "ID", 0, "the old phone", 7},
    {"old-iccid", OPT_OLD_ICCID, "ICCID", 0, "the profile that moves or is brought back", 7},
    {"redownloadable", OPT_REDOWNLOADABLE, NULL, 0, "the device can take a profile again", 7},
    {"msisdn", OPT_MSISDN, "DIGITS", 0, "log in by one-time code for this number", 7},
    {"otp-command", OPT_OTP_COMMAND, "COMMAND", 0, "prints the code", 7},
    {"token", OPT_TOKEN, "TEXT", 0, "token of a log-in that was made elsewhere (OIDC)", 7},
    {NULL, 0, NULL, 0,
     "Server of an enterprise (ap2011), with client-id and secret or key as pnv-server:", 8},
    {"requestor", OPT_REQUESTOR, "ID", 0, "requestor_id", 8},
    {"enterprise", OPT_ENTERPRISE, "ID", 0, "enterprise_id", 8},
    {"device-id", OPT_DEVICE_ID, "ID", 0, "the device that gets a profile", 8},
    {"device-eid", OPT_DEVICE_EID, "EID", 0, "its eUICC", 8},
    {"plan", OPT_PLAN, "ID", 0, "plan_id (default: the first offer)", 8},
    {NULL, 0, NULL, 0, "Story:", 9},
    {"iccid", OPT_ICCID, "ICCID", 0, "the profile that the story is about (default: what the server lists)",
     9},
    {"answer", OPT_ANSWER, "TEXT", 0, "answer to the server's question", 9},
    {"reject", OPT_REJECT, NULL, 0, "the user rejects the server's question", 9},
    {"portal-command", OPT_PORTAL_COMMAND, "COMMAND", 0,
     "acts for the user on the portal; finds ECS_URL, ECS_DATA, ECS_TYPE in its environment", 9},
    {"download-command", OPT_DOWNLOAD_COMMAND, "COMMAND", 0,
     "acts for the eUICC; finds ECS_CODE, ECS_ADDRESS, ECS_ICCID, ECS_EID in its environment", 9},
    {"delete-command", OPT_DELETE_COMMAND, "COMMAND", 0,
     "acts for the user who deletes the old profile; finds ECS_ICCID in its environment", 9},
    {"no-confirm", OPT_NO_CONFIRM, NULL, 0, "do not tell the server that the profile is installed", 9},
    {"polls", OPT_POLLS, "N", 0, "requests until a delayed profile counts as lost (default 20)", 9},
    {"pause", OPT_PAUSE, "MS", 0, "between them, instead of the server's interval", 9},
    {0},
};

static const struct story {
    const char *name, *help;
    bool (*play)(struct ecs_sim_odsa *o);
} stories[] = {
    {"watch", "a watch gets a profile: eligibility, subscription, download, service on", ecs_sim_odsa_watch},
    {"watch-switch", "the service of a watch off and on again", ecs_sim_odsa_watch_switch},
    {"watch-end", "the subscription of a watch ends", ecs_sim_odsa_watch_end},
    {"tablet", "a profile moves from watch to watch, asked by a device without web pages",
     ecs_sim_odsa_tablet},
    {"phone", "a phone gets a further subscription on its eSIM", ecs_sim_odsa_phone},
    {"transfer", "the old phone asks for the new one", ecs_sim_odsa_transfer},
    {"transfer-token", "the new phone asks with a temporary token of the old one",
     ecs_sim_odsa_transfer_token},
    {"transfer-lost", "the new phone asks, the old one is gone (OIDC, one-time code)",
     ecs_sim_odsa_transfer_lost},
    {"recovery", "profiles that were lost with a factory reset come back", ecs_sim_odsa_recovery},
    {"waiting", "a profile waits at the default SM-DP+ for its user", ecs_sim_odsa_waiting},
    {"mdm", "a server of an enterprise gets a profile for a device", ecs_sim_odsa_mdm},
};

struct command {
    struct ecs_sim_options options;
    struct ecs_sim_odsa_options own;
    const struct story *story;
};

static const char **text_slot(struct ecs_sim_odsa_options *o, int key)
{
    const char **const slots[] = {
        &o->companion_id,
        &o->companion_eid,
        &o->companion_name,
        &o->companion_vendor,
        &o->companion_model,
        &o->service,
        &o->old_companion_id,
        &o->old_companion_iccid,
        &o->eid,
        &o->target_id,
        &o->target_eid,
        &o->old_id,
        &o->old_iccid,
        &o->iccid,
        &o->answer,
        &o->token,
        &o->msisdn,
        &o->otp_command,
        &o->portal_command,
        &o->download_command,
        &o->delete_command,
        &o->enterprise,
        &o->requestor,
        &o->device_id,
        &o->device_eid,
        &o->plan,
    };

    return key >= OPT_FIRST && key <= OPT_PLAN ? slots[key - OPT_FIRST] : NULL;
}

static const struct story *find_story(const char *name)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(stories); i++)
        if (strcmp(stories[i].name, name) == 0)
            return &stories[i];
    return NULL;
}

static bool take_number(const char *text, uint32_t most, uint32_t *ret)
{
    return ecs_str_to_u32(ecs_str_of(text), ret) && *ret >= 1 && *ret <= most;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct command *c = state->input;
    bool *const flags[] = {&c->own.reject, &c->own.redownloadable, &c->own.no_confirm};

    if (text_slot(&c->own, key)) {
        *text_slot(&c->own, key) = arg;
        return 0;
    }
    if (key >= OPT_REJECT && key <= OPT_NO_CONFIRM) {
        *flags[key - OPT_REJECT] = true;
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &c->options;
        return 0;
    case OPT_POLLS:
        if (take_number(arg, POLLS_MOST, &c->own.polls))
            return 0;
        argp_error(state, "--polls is a number from 1 to 1000");
        return EINVAL;
    case OPT_PAUSE:
        if (take_number(arg, PAUSE_MOST_MS, &c->own.pause_ms))
            return 0;
        argp_error(state, "--pause is a number of milliseconds from 1 to 600000");
        return EINVAL;
    case ARGP_KEY_ARG:
        if (!c->story && (c->story = find_story(arg)))
            return 0;
        argp_error(state, "%s is no story", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void list_stories(void)
{
    fputs("usage: entitlement-devsim odsa STORY [OPTION...]\n\n", stderr);
    for (size_t i = 0; i < ECS_ARRAY_LEN(stories); i++)
        fprintf(stderr, "  %-16s %s\n", stories[i].name, stories[i].help);
}

/* Findings of any actor weigh as much as those of "run". */
static enum ecs_sim_result verdict(const struct ecs_sim_odsa *o, bool ended_well)
{
    for (size_t i = 0; i < o->actor_n && ended_well; i++) {
        const struct ecs_sim_device *d = &o->actor[i].device;

        if (d->report.breaks || (!d->lenient && d->report.faults))
            return ECS_SIM_RESULT_BROKEN;
    }
    return ended_well ? ECS_SIM_RESULT_OK : o->result ? o->result : ECS_SIM_RESULT_BROKEN;
}

static int play(struct command *c, struct ecs_arena *arena)
{
    struct ecs_sim_odsa o = {.arena = arena, .options = &c->options, .own = &c->own};
    enum ecs_sim_result result;
    bool good;

    printf("%s: %s\n", c->story->name, c->story->help);
    good = c->story->play(&o);
    for (size_t i = 0; i < o.actor_n; i++)
        ecs_sim_odsa_tell(&o, &o.actor[i]);
    result = verdict(&o, good);
    printf("%s: %s\n", c->story->name,
           result == ECS_SIM_RESULT_OK ? "ended well"
           : good                      ? "ended, with faults"
                                       : "did not end well");
    for (size_t i = 0; i < o.actor_n; i++)
        ecs_sim_device_done(&o.actor[i].device);
    return (int)result;
}

int ecs_sim_cmd_odsa(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ecs_sim_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "STORY",
        .children = children,
        .doc = "Plays a story of eSIM orchestration; without STORY they are listed.\v"
               "Exit codes as of \"run\"; 3 also: the server refused or ended the procedure.",
    };
    struct command c = {.own = {.polls = USUAL_POLLS}};
    struct ecs_arena *arena = ecs_arena_new(NULL, 64u << 20);
    int rc = ECS_SIM_RESULT_USAGE;

    if (arena && !argp_parse(&argp, argc, argv, 0, NULL, &c)) {
        if (c.story)
            rc = play(&c, arena);
        else
            list_stories();
    }
    ecs_arena_free(arena);
    return rc;
}
