/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of on-device service activation as structs: journeys (procedures that make, move and end eSIMs) and
 * profiles. Read and written by ecs/store_odsa.h. */
#pragma once

#include "ecs/str.h"

enum ecs_journey_kind {
    ECS_JOURNEY_COMPANION,  /* new subscription of a companion (ap2006, type 0) */
    ECS_JOURNEY_PRIMARY,    /* new subscription on the eSIM of a phone (ap2009, type 0) */
    ECS_JOURNEY_ENTERPRISE, /* ap2011, type 0 */
    ECS_JOURNEY_WAITING,    /* a profile that waits at the default SM-DP+ is released (ap2009 type 0, 8.12) */
    ECS_JOURNEY_TRANSFER,   /* ap2009 type 3 */
    ECS_JOURNEY_MOVE,       /* companion to companion (ap2006 type 3) */
    ECS_JOURNEY_RECOVERY,   /* ap2009 type 7 */
    ECS_JOURNEY_END,        /* type 1 */
    ECS_JOURNEY_SWITCH,     /* service on or off: ManageService, types 5 and 6 */
    ECS_JOURNEY_MANAGE,     /* type 2: the portal */
    ECS_JOURNEY_KIND_COUNT
};
extern const char *const ecs_journey_kinds[ECS_JOURNEY_KIND_COUNT + 1]; /* "companion" ..., NULL at the end */

/* Bits of ecs_journey.flags, kept as an integer. */
enum {
    ECS_JOURNEY_F_CANCEL = 1,         /* somebody asked for its end: done at the next place where it can be */
    ECS_JOURNEY_F_REDOWNLOADABLE = 2, /* the device can take a profile again */
    ECS_JOURNEY_F_ANSWERED = 4,       /* the user's question was answered rightly */
    ECS_JOURNEY_F_FROM_OLD = 8,       /* the old device asks */
    ECS_JOURNEY_F_OLD_FIRST = 16, /* policy: the old subscription ends before the new profile is given out */
    ECS_JOURNEY_F_OLD_ENDED = 32,
    ECS_JOURNEY_F_BY_ADDRESS = 64,   /* download by SM-DP+ address, not by code */
    ECS_JOURNEY_F_BSS_PROFILE = 128, /* the BSS provides ICCID and code */
    ECS_JOURNEY_F_RELEASED = 256,    /* at the SM-DP+ */
    ECS_JOURNEY_F_CONFIRMED = 512,   /* at the SM-DP+ */
    ECS_JOURNEY_F_BSS_DONE = 1024,
    ECS_JOURNEY_F_PORTAL_DONE = 2048,   /* the portal has the user's consent (or has activated by itself) */
    ECS_JOURNEY_F_SERVICE_ON = 4096,    /* SWITCH: on; else off */
    ECS_JOURNEY_F_DOWNLOADED = 8192,    /* no cancelOrder any more */
    ECS_JOURNEY_F_DELETED_OLD = 16384,  /* the old profile was reported deleted */
    ECS_JOURNEY_F_NEEDS_PORTAL = 32768, /* policy or BSS: the user goes to the portal */
    ECS_JOURNEY_F_ASKS = 65536,         /* policy: a question first */
    /* bits from 131072 on: ecs/odsa.h */
};

/* p NULL: none. */
struct ecs_journey {
    int64_t id, version; /* version grows with each change */
    enum ecs_journey_kind kind;
    struct ecs_str state; /* of src/odsa/states.def */
    struct ecs_str key;   /* UUID text, made by the database: calls to neighbours are named after it */
    struct ecs_str imsi, enterprise, requestor; /* imsi or enterprise */
    int app;                                    /* 2006, 2009, 2011 */
    int operation_type;
    struct ecs_str terminal_id; /* of the device that asked first */
    struct ecs_str target_id;   /* of the device that gets the profile (key of the journey) */
    struct ecs_str eid;         /* of it */
    struct ecs_str old_id, old_iccid;
    struct ecs_str
        iccid; /* of the new profile, as soon as it is known; SWITCH, END, WAITING: the one meant */
    struct ecs_str service, plan, profile_type;
    struct ecs_str name, vendor, model, sw_version; /* of the companion */
    struct ecs_str smdp;                            /* name of the source in the configuration */
    struct ecs_str address;                         /* to download from */
    struct ecs_str code;                            /* activation code, sealed (ecs/odsa.h) */
    struct ecs_str matching_id;                     /* sealed, until the code is made */
    struct ecs_str bss_reference;
    struct ecs_str line_imsi, msisdn; /* of the new profile */
    struct ecs_str reason;            /* why it stands or has ended so, for care: no identifiers */
    int64_t profile, old_profile;     /* rows of profile; 0: none */
    int flags;
    int polls;    /* AcquireConfiguration since the last change of state */
    int attempts; /* of the present state's work */
    int calls;    /* logical calls so far: part of their ids */
    int64_t created_at, changed_at, due_at, deadline_at, ended_at; /* Unix seconds; 0: none */
    bool leased;                                                   /* somebody is at work on it now */
    struct ecs_str page_url, page_data; /* named by the BSS; {NULL, 0}: those of the policy */
};

struct ecs_profile {
    int64_t id, journey;
    struct ecs_str imsi, enterprise; /* whose */
    int app;
    struct ecs_str iccid, eid, terminal_id, service, plan, smdp, address;
    struct ecs_str code; /* sealed; p NULL: nothing to download any more */
    struct ecs_str name, vendor, model, sw_version, line_imsi, msisdn;
    struct ecs_str origin;   /* "ecs", "bss", "import" */
    int status;              /* ServiceStatus 1..4 */
    bool secondary, waiting; /* waiting: at the default SM-DP+, for its user to be verified (8.12) */
    int64_t created_at, delivered_at, installed_at, deleted_at; /* 0: not */
};
