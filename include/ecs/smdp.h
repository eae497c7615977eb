/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of eSIM profiles: SM-DP+ by ES2+ (SGP.22 5.3, 6.5), a pool of prepared activation codes in our
 * database, a static default SM-DP+. One interface; smdp.md has the rules. */
#pragma once

#include "ecs/neighbour.h"
#include "ecs/setting.h"

struct ecs_smdp;  /* one configured source */
struct ecs_smdps; /* those of one worker's engine */
struct ecs_store;

/* One row of the list "smdp" of the configuration. */
struct ecs_smdp_conf {
    const char *name;    /* "main"; kept with each profile */
    int type;            /* ECS_SMDP_ES2PLUS, _POOL, _STATIC */
    const char *url;     /* ES2+: base, "https://smdp.example.com:8443"; the path is added */
    const char *address; /* FQDN that devices use, or several with commas between (ProfileSmdpAddress); the
                            first one stands in activation codes */
    const char *certificate, *key, *ca_file; /* PEM files; NULL: none */
    const char *requester;                   /* functionRequesterIdentifier */
    const char *protocol;                    /* of X-Admin-Protocol: "gsma/rsp/v2.5.0" */
    const char *oid;                         /* SM-DP+ OID in activation codes; NULL: none */
    const char *smds;                        /* root SM-DS that orders are registered at; NULL: none */
    struct ecs_str_list profile_types;       /* served here; empty: all */
    struct ecs_str_list eid_prefixes;        /* served here; empty: all */
    struct ecs_str_list notifiers;           /* subjects of certificates that may notify progress */
    bool pad_iccid;                          /* 19 digits go out with F behind */
    bool confirm_address;                    /* answers that name another smdpAddress are followed */
    int64_t connect_ms, total_ms, max_in_flight;
    int64_t low_stock; /* pool: fewer free codes of a type are warned of */
};
enum { ECS_SMDP_ES2PLUS, ECS_SMDP_POOL, ECS_SMDP_STATIC };
extern const struct ecs_setting ecs_smdp_settings[];
bool ecs_smdp_settings_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);

enum ecs_smdp_function {
    ECS_SMDP_FN_ORDER,
    ECS_SMDP_FN_CONFIRM,
    ECS_SMDP_FN_CANCEL,
    ECS_SMDP_FN_RELEASE,
    ECS_SMDP_FN_STATE,
    ECS_SMDP_FN_COUNT
};
extern const char *const ecs_smdp_function_names[ECS_SMDP_FN_COUNT]; /* "downloadOrder" ..., also for notes */

enum ecs_smdp_status {
    ECS_SMDP_OK,
    ECS_SMDP_AGAIN, /* no answer, or a temporary refusal: the same call again later, with the same call id */
    ECS_SMDP_NO_STOCK, /* no profile of that type: alarm, later again */
    ECS_SMDP_IN_USE,   /* order by ICCID: the profile is still installed somewhere, it has to be deleted first
                        */
    ECS_SMDP_TAKEN,    /* matching id or ICCID is used: a new one is needed */
    ECS_SMDP_REFUSED,  /* permanently, for this input */
    ECS_SMDP_DENIED,   /* our credentials, our contract or our form: alarm, nobody else is to be asked */
    ECS_SMDP_STATUS_COUNT
};
extern const char *const ecs_smdp_status_names[ECS_SMDP_STATUS_COUNT]; /* "ok", "again" ... */

struct ecs_smdp_env {
    struct ecs_http_pool *pool;
    struct ecs_store *store; /* pool of prepared codes */
    /* Opens a sealed code of the pool (ecs_odsa_open of the engine); NULL: pools answer DENIED. */
    bool (*open)(void *arg, struct ecs_arena *arena, struct ecs_str sealed, struct ecs_str *ret_text);
    void *open_arg;
    /* Statistics of a neighbour by name; NULL: none. */
    struct ecs_neighbour_stats *(*stats)(void *arg, const char *name);
    void *stats_arg;
    /* Told of each call's end, for metrics; NULL: nobody. */
    void (*count)(void *arg, enum ecs_smdp_function function, enum ecs_smdp_status status);
    void *count_arg;
    bool lab; /* http:// on loopback is allowed */
};
/* confs borrowed for the life of the set. NULL: no memory. */
struct ecs_smdps *ecs_smdps_new(const struct ecs_smdp_env *env, const struct ecs_smdp_conf *confs, size_t n);
void ecs_smdps_free(struct ecs_smdps *smdps);
/* First in configuration order that serves profile type and EID ({NULL, 0}: any) and answers; when none
 * answers at present, the first that serves. NULL: none does. */
struct ecs_smdp *ecs_smdps_choose(const struct ecs_smdps *smdps, struct ecs_str profile_type,
                                  struct ecs_str eid);
struct ecs_smdp *ecs_smdps_find(const struct ecs_smdps *smdps, struct ecs_str name); /* NULL: gone */
const struct ecs_smdp_conf *ecs_smdp_conf_of(const struct ecs_smdp *smdp);

/* What a call tells; texts in the flow's arena, {NULL, 0} when absent. */
struct ecs_smdp_result {
    enum ecs_smdp_status status;
    bool warning; /* Executed-WithWarning, or done by an earlier call, or a tolerated fault of form */
    struct ecs_str subject, reason; /* "8.2.5", "3.7" */
    const char
        *why; /* for journal and log: no identifier of persons, no secret; NULL with OK and no warning */
    struct ecs_str iccid;             /* 18 to 20 digits, without F */
    struct ecs_str eid, matching_id;  /* matching_id p set and n 0: the default SM-DP+ case */
    struct ecs_str address;           /* FQDN to download from, or several with commas between */
    struct ecs_str code;              /* pool, static: the whole activation code ("1$...") */
    struct ecs_str line_imsi, msisdn; /* pool: of the profile, when known */
    struct ecs_str state;             /* state: "Released", "Installed" ... as told */
    uint32_t retry_after_s;           /* with AGAIN: at least so long; 0: not told */
};

/* Each call may wait at most total_ms of the source, its one immediate repetition included; give the step a
 * limit above. call_id: at most 64 printable characters, unique per logical call, the same one when the call
 * is repeated. repeated: this call was sent before and its answer is not known (a lost answer, a crash): what
 * the SM-DP+ then refuses as already done is OK. What goes in is copied. The flow does not fail by itself.
 * Calls of one procedure have ids that are alike up to the last '-': only they see its rows of a pool. */
struct ecs_smdp_order {
    struct ecs_str call_id, iccid, profile_type, eid; /* iccid or profile_type; {NULL, 0}: left out */
    bool repeated;
};
enum ecs_next ecs_smdp_order(struct ecs_flow *f, struct ecs_smdp *smdp, const struct ecs_smdp_order *order,
                             struct ecs_smdp_result *ret_result);
struct ecs_smdp_confirm {
    struct ecs_str call_id, iccid, eid;
    struct ecs_str matching_id; /* p NULL: the SM-DP+ makes one; n 0: default SM-DP+ case, needs eid */
    struct ecs_str confirmation_code;
    bool release;
    bool repeated; /* helps only with a matching id of our own */
};
enum ecs_next ecs_smdp_confirm(struct ecs_flow *f, struct ecs_smdp *smdp,
                               const struct ecs_smdp_confirm *confirm, struct ecs_smdp_result *ret_result);
struct ecs_smdp_release {
    struct ecs_str call_id, iccid;
    bool repeated;
};
enum ecs_next ecs_smdp_release(struct ecs_flow *f, struct ecs_smdp *smdp,
                               const struct ecs_smdp_release *release, struct ecs_smdp_result *ret_result);
struct ecs_smdp_cancel {
    struct ecs_str call_id, iccid, eid, matching_id; /* the latter two as they were set in the order */
    bool reusable;                                   /* final state Available, else Unavailable */
    bool repeated;
};
/* TAKEN: too late, it was downloaded. */
enum ecs_next ecs_smdp_cancel(struct ecs_flow *f, struct ecs_smdp *smdp, const struct ecs_smdp_cancel *cancel,
                              struct ecs_smdp_result *ret_result);
/* Vendor function getProfileStatus; REFUSED where the source has none or does not know the profile. */
enum ecs_next ecs_smdp_state(struct ecs_flow *f, struct ecs_smdp *smdp, struct ecs_str call_id,
                             struct ecs_str iccid, struct ecs_smdp_result *ret_result);

/* ---- activation codes (SGP.22 4.1), pure ---- */

enum { ECS_ACTIVATION_CODE_MAX = 255 };
/* "1$address$matching_id[$oid][$1]"; of several addresses the first. False: too long, or a part with '$',
 * blanks or control characters. */
bool ecs_activation_code(struct ecs_str address, struct ecs_str matching_id, struct ecs_str oid,
                         bool confirmation, char text[ECS_ACTIVATION_CODE_MAX + 1]) ECS_MUST_CHECK;
/* Reads one with or without "LPA:" (any case); further fields are ignored. */
bool ecs_activation_code_read(struct ecs_str text, struct ecs_str *ret_address,
                              struct ecs_str *ret_matching_id, bool *ret_confirmation) ECS_MUST_CHECK;

/* ---- progress notifications (SM-DP+ -> operator), pure ---- */

enum ecs_smdp_point {
    ECS_SMDP_POINT_CHECK = 1,    /* eligibility and retry limit */
    ECS_SMDP_POINT_CODE = 2,     /* confirmation code */
    ECS_SMDP_POINT_DOWNLOAD = 3, /* bound profile package */
    ECS_SMDP_POINT_INSTALL = 4,
    ECS_SMDP_POINT_DELETE = 5, /* by the user */
};
struct ecs_smdp_progress {
    struct ecs_str call_id, iccid, eid, profile_type; /* iccid without F */
    int point; /* as told; others than the above are kept in the journal only */
    bool success;
    struct ecs_str subject, reason;
    int64_t at; /* Unix seconds; 0: not told or unreadable */
};
/* Tolerant as real SM-DP+ need it (smdp.md 3). Texts in the arena. With a constant sentence:
 * ECS_E_BAD_REQUEST: no JSON object (400); ECS_E_BAD_PARAMETER: JSON, but nothing that could be used (log,
 * 204). */
enum ecs_rc ecs_smdp_progress_read(struct ecs_arena *arena, struct ecs_str body,
                                   struct ecs_smdp_progress *ret_progress,
                                   const char **ret_why) ECS_MUST_CHECK;
