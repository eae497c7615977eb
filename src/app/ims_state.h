/* SPDX-License-Identifier: Apache-2.0 */
/* From facts and decisions to the parameters of the IMS applications: pure, no documents, no texts. Whatever
 * a policy decides, only combinations that TS.43 defines come out (Table 20; ts43-ims digest 2.4). */
#pragma once

#include "ecs/rules.h"

/* Values of Tables 14 and 16 to 18. */
struct vowifi_state {
    int entitlement, terms, address, provisioning;
    int64_t address_expiry;  /* Unix seconds, 0 = not sent */
    bool has_address;        /* AddrIdentifier may be sent */
    bool start_provisioning; /* everything is there, nothing is provisioned: order it */
    bool pending;            /* the answer will change without the user */
    bool off;                /* switched off in the network: no web pages */
};

enum vowifi_mode {
    VOWIFI_CANNOT_BE_OFFERED,
    VOWIFI_CAN_BE_ACTIVATED,
    VOWIFI_DATA_MISSING,
    VOWIFI_BEING_UPDATED,
    VOWIFI_BEING_PROVISIONED,
    VOWIFI_UNDEFINED, /* never to be sent */
};

/* Client modes of TS.43 3.3 (Table 20). */
enum vowifi_mode vowifi_mode_of(int entitlement, int provisioning, int terms, int address);
void vowifi_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions, int64_t now,
                    struct vowifi_state *ret_state);

enum { VOICE_ENTRIES_MAX = 4 };

/* One RATVoiceEntitleInfoDetails (Table 21). */
struct voice_entry {
    int access_type;        /* 1 LTE, 2 NG-RAN */
    int network_type;       /* 1 all, 2 home, 3 roaming */
    int entitlement;        /* 0 to 3 */
    const char *irat;       /* NULL: none */
    struct ecs_str message; /* key; only with entitlement 2 */
};

struct voice_state {
    struct voice_entry entry[VOICE_ENTRIES_MAX];
    unsigned count;
    int flat; /* for clients before 7.0: VoLTE at home */
    bool start_volte, start_vonr, pending;
};

void voice_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions,
                   struct voice_state *ret_state);

struct smsoip_state {
    int entitlement;
    bool start_provisioning, pending;
};

void smsoip_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions,
                    struct smsoip_state *ret_state);
