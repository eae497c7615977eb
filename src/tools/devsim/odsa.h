/* SPDX-License-Identifier: Apache-2.0 */
/* "odsa": devices and servers that get, move and end eSIM profiles (TS.43 6 to 8, 10), one story per
 * scenario. Downloads at the SM-DP+ are left to a command of the user. */
#pragma once

#include "options.h"

struct ecs_sim_odsa_options {
    const char *companion_id, *companion_eid, *companion_name, *companion_vendor, *companion_model, *service;
    const char *old_companion_id, *old_companion_iccid;
    const char *eid, *target_id, *target_eid, *old_id, *old_iccid, *iccid;
    const char *answer;               /* to a question: text; with reject: NULL */
    const char *token;                /* of a log-in that was made elsewhere (OIDC, one-time code) */
    const char *msisdn, *otp_command; /* log-in by one-time code; the command prints it */
    const char *portal_command, *download_command, *delete_command;
    const char *enterprise, *requestor, *device_id, *device_eid, *plan;
    bool reject, redownloadable, no_confirm;
    uint32_t polls, pause_ms; /* pause 0: as the server asks for */
};

struct ecs_sim_actor {
    const char *name;        /* "old phone" */
    const char *terminal_id; /* NULL: that of --imei */
    struct ecs_sim_device device;
    struct ecs_sim_usim usim;
    struct ecs_sim_finding *told; /* last finding that was printed */
};

struct ecs_sim_odsa {
    struct ecs_arena *arena;
    struct ecs_sim_options *options;
    const struct ecs_sim_odsa_options *own;
    const char *app; /* "ap2006" */
    struct ecs_sim_actor actor[2];
    size_t actor_n;
    struct ecs_sim_actor *now; /* whose answer is the latest */
    const char *iccid;         /* of the profile that the story is about, once it is known */
    enum ecs_sim_result result;
};

/* A row with value NULL is left out; the list ends with name NULL. */
struct ecs_sim_odsa_param {
    const char *name, *value;
};
enum { ECS_SIM_ODSA_NO_TYPE = -1 };

/* ---- one request (odsa_ask.c); what fails is told and kept in result ---- */

/* The next actor; NULL: refused. has_sim: with the card of the options. */
struct ecs_sim_actor *ecs_sim_odsa_actor(struct ecs_sim_odsa *o, const char *name, const char *personality,
                                         const char *terminal_id, bool has_sim);
void ecs_sim_odsa_say(struct ecs_sim_odsa *o, const char *format, ...) ECS_PRINTF(2, 3);
/* Tells why the story ends here; false, to be returned. */
bool ecs_sim_odsa_stop(struct ecs_sim_odsa *o, enum ecs_sim_result result, const char *format, ...)
    ECS_PRINTF(3, 4);
/* By the SIM card, a one-time code, or a token that was given. */
bool ecs_sim_odsa_login(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor);
/* One operation with the credential that the actor has; again after a new log-in when the token is over.
 * True: a document with OperationResult, whatever it is. */
bool ecs_sim_odsa_ask(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *operation, int type,
                      const struct ecs_sim_odsa_param *params);
/* The same where nothing but success is expected. */
bool ecs_sim_odsa_do(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *operation, int type,
                     const struct ecs_sim_odsa_param *params);
/* A member of the latest answer, below the application; {NULL, 0}: absent. */
struct ecs_str ecs_sim_odsa_value(const struct ecs_sim_odsa *o, const char *name);
int64_t ecs_sim_odsa_number(const struct ecs_sim_odsa *o, const char *name, int64_t otherwise);
/* Findings that were not printed yet. */
void ecs_sim_odsa_tell(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor);

/* ---- parts of stories (odsa_flow.c) ---- */

struct ecs_sim_odsa_wish {
    struct ecs_sim_actor *actor;
    int type;                                    /* of ManageSubscription */
    const struct ecs_sim_odsa_param *params;     /* of it */
    const struct ecs_sim_odsa_param *configured; /* of AcquireConfiguration */
    const char *eid;                             /* of the eUICC that downloads */
};
/* member is 1 in the answer to CheckEligibility. */
bool ecs_sim_odsa_eligible(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *member,
                           const struct ecs_sim_odsa_param *params);
/* Until the profile is downloaded, or nothing has to be: questions, portal, delays, deletions on the way. */
bool ecs_sim_odsa_obtain(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish);
/* AcquireConfiguration until a profile can be downloaded or is in service. */
bool ecs_sim_odsa_poll(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish);
/* DownloadInfo below prefix ("" for that of ManageSubscription). */
bool ecs_sim_odsa_download(struct ecs_sim_odsa *o, const char *prefix, const char *eid);
/* The configuration is there with ServiceStatus 1; sets o->iccid when it is not known. */
bool ecs_sim_odsa_in_service(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish);
/* The block of the latest AcquireConfiguration that is wanted: of o->iccid if known, else one to download,
 * else one that is activating, else the first. "ap2006/CompanionConfigurations/CompanionConfiguration[1]";
 * NULL: none. */
const char *ecs_sim_odsa_configuration(struct ecs_sim_odsa *o);

/* ---- stories: true when they end well ---- */

bool ecs_sim_odsa_watch(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_watch_switch(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_watch_end(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_tablet(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_phone(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_transfer(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_transfer_token(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_transfer_lost(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_recovery(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_waiting(struct ecs_sim_odsa *o);
bool ecs_sim_odsa_mdm(struct ecs_sim_odsa *o);

int ecs_sim_cmd_odsa(int argc, char **argv);
