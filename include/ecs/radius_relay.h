/* SPDX-License-Identifier: Apache-2.0 */
/* What the EAP relay and accounting put into RADIUS packets and read from them (RFC 3579, 2866, 4372). Pure.
 */
#pragma once

#include "ecs/radius.h"

/* One Access-Request of an EAP conversation (RFC 3579 2.1, 3.1; aaa.md 5.2). */
struct ecs_radius_eap_round {
    struct ecs_str identity; /* of EAP-Response/Identity, printable ASCII, the same in every round; longer
                                than 253 bytes: User-Name becomes anonymous@<its realm> */
    struct ecs_str eap;      /* the device's EAP response; empty: EAP-Start */
    struct ecs_str state; /* of the last Access-Challenge of this conversation; absent in the first round */
    struct ecs_str nas_identifier;
    struct ecs_str calling_station; /* Calling-Station-Id; absent: none */
    struct ecs_str called_station;
    struct ecs_str operator_name; /* Operator-Name (RFC 5580 4.1) with its name-space digit; absent: none */
    uint32_t service_type;        /* 0: none */
    uint32_t nas_port_type;       /* 0: none */
    uint32_t framed_mtu;          /* 0: none; bounds the EAP packets of the server */
};
/* Appends. False: identity or another value cannot be sent (buf is as before). */
bool ecs_radius_put_eap_round(struct ecs_buf *buf, const struct ecs_radius_eap_round *round) ECS_MUST_CHECK;

enum ecs_radius_verdict {
    ECS_RADIUS_MORE,     /* eap: the next request for the device */
    ECS_RADIUS_REPEAT,   /* our last packet was passed over (Error-Cause 202): give eap to the device again */
    ECS_RADIUS_ACCEPTED, /* eap may be absent, see ecs_radius_judge */
    ECS_RADIUS_REJECTED, /* eap: EAP-Failure, or absent */
    ECS_RADIUS_BROKEN,   /* the server breaks the protocol: why */
};
struct ecs_radius_judgement {
    enum ecs_radius_verdict verdict;
    const char *why;      /* static, for logs: what was inconsistent; NULL: nothing */
    struct ecs_str eap;   /* whole EAP packet; {NULL, 0}: none */
    struct ecs_str state; /* to be sent back with the next round */
    uint32_t wait_s;      /* Session-Timeout of a challenge: so long the server waits for us; 0: not said */
    uint32_t session_s;   /* Session-Timeout of an accept; 0: not said */
    struct ecs_str imsi;  /* 3GPP-IMSI of an accept, 6 to 15 digits, else absent */
    struct ecs_str user_name;  /* of an accept: the identity that the server holds to be right; else absent */
    struct ecs_str chargeable; /* Chargeable-User-Identity; else absent */
    struct ecs_str class;      /* first Class of an accept, for accounting */
};
/* Obeys the RADIUS code, never the EAP code (aaa.md 5.2): an accept with EAP-Failure inside is a rejection,
 * one with another EAP packet than EAP-Success is broken, one without EAP is broken unless bare_accept.
 * Strings point into attrs or the arena. */
void ecs_radius_judge(unsigned code, struct ecs_str attrs, bool bare_accept, struct ecs_arena *arena,
                      struct ecs_radius_judgement *ret_judgement);

/* One accounting record (RFC 2866 5). Acct-Delay-Time is not put: it is the sender's (ecs/radius_client.h).
 */
struct ecs_radius_record {
    enum ecs_radius_status status;
    struct ecs_str session_id;     /* unique over restarts (5.5); demanded, with ON and OFF too */
    struct ecs_str nas_identifier; /* demanded */
    struct ecs_str
        user_name;        /* START, STOP, INTERIM: demanded; the name of the Access-Accept when it had one */
    struct ecs_str class; /* absent: none */
    struct ecs_str chargeable; /* absent: none */
    struct ecs_str calling_station, called_station;
    int64_t event_time;       /* Unix seconds; 0: none */
    uint32_t session_s;       /* STOP, INTERIM */
    uint32_t terminate_cause; /* STOP; 0: none */
    uint32_t nas_port_type;   /* 0: none */
};
/* Appends. False: something demanded is missing or a value cannot be sent (buf is as before). */
bool ecs_radius_put_record(struct ecs_buf *buf, const struct ecs_radius_record *record) ECS_MUST_CHECK;
