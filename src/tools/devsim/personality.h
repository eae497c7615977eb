/* SPDX-License-Identifier: Apache-2.0 */
/* The habits of real clients as one table (clients.md): what they send and what they need to read. */
#pragma once

#include "document.h"
#include "eap.h"
#include "http.h"
#include "params.h"

enum ecs_sim_request_kind {
    ECS_SIM_START,  /* full authentication begins */
    ECS_SIM_ANSWER, /* EAP answer */
    ECS_SIM_AUTS,   /* EAP answer that asks for resynchronisation */
    ECS_SIM_FAST,   /* with a token */
    ECS_SIM_KIND_COUNT
};

enum ecs_sim_format { ECS_SIM_FORMAT_XML, ECS_SIM_FORMAT_JSON, ECS_SIM_FORMAT_BOTH, ECS_SIM_FORMAT_COUNT };

enum ecs_sim_cookie_rule {
    ECS_SIM_COOKIES_FIRST,  /* Set-Cookie of the first answer, one Cookie line each, quoted after Max-Age */
    ECS_SIM_COOKIES_LATEST, /* of the latest answer, all in one line with all attributes; one is needed */
    ECS_SIM_COOKIES_LAST_LINE, /* the last Set-Cookie line as it stands */
    ECS_SIM_COOKIES_PAIRS /* name=value of the latest answer that had any, one line; also with token requests
                           */
};

/* What the client makes of the final document. */
enum ecs_sim_reader {
    ECS_SIM_READER_LIBRARY,
    ECS_SIM_READER_IMS,
    ECS_SIM_READER_SAMSUNG_OLD,
    ECS_SIM_READER_SAMSUNG_NEW,
    ECS_SIM_READER_HEALTH,
    ECS_SIM_READER_HEADLESS
};

struct ecs_sim_personality {
    const char *name;
    const char *help;
    /* request */
    enum ecs_sim_order order;
    const char *const *table;
    enum ecs_sim_escape escape;
    const char *const *defaults; /* name, value, ..., NULL: parameters when the user gives none */
    const char
        *user_agent; /* %V vendor, %M model, %S software, %E entitlement version, cut as the client does */
    unsigned cut_vendor, cut_model, cut_sw;    /* characters, 0: not cut */
    const char *accept[ECS_SIM_KIND_COUNT];    /* %R: the requested type; NULL: no header */
    const char *formats[ECS_SIM_FORMAT_COUNT]; /* what %R stands for */
    const char *headers;                       /* further header lines, each with CR LF */
    const char *get_connection;                /* value of Connection for GET */
    const char *post_type;                     /* Content-Type of the first request by POST */
    const char *relay_type;                    /* Content-Type of the EAP answer */
    const char *number;                        /* a JSON member that is a number */
    bool token_without_imsi;
    bool relay_keeps_query;
    bool relay_at_root;   /* everything goes to "/" */
    bool escaped_slashes; /* JSON writes / as \/ */
    bool gzip;            /* asks for gzip and decodes it */
    bool no_sni;          /* never names the server */
    bool no_name_check;   /* does not compare the certificate's name */
    /* reading */
    bool exact_type; /* Content-Type compared with no parameters */
    enum ecs_sim_packet_reader packet_reader;
    enum ecs_sim_attr_reader attr_reader;
    enum ecs_sim_cookie_rule cookies;
    enum ecs_sim_reader reader;
    bool json_is_challenge; /* any JSON body is taken for one */
    bool verifies_mac;
    bool answers_identity, answers_notification, tolerates_success;
    unsigned more_challenges;   /* answered after the first one */
    enum ecs_sim_format format; /* when the user names none */
};

extern const struct ecs_sim_personality ecs_sim_personalities[];
extern const size_t ecs_sim_personality_count;
const struct ecs_sim_personality *ecs_sim_personality_find(const char *name); /* NULL: unknown */
extern const char ecs_sim_relay_type[]; /* application/vnd.gsma.eap-relay.v1.0+json */

/* Header lines of a request, each with CR LF: Accept, User-Agent and what else the client sends. */
void ecs_sim_headers(struct ecs_buf *buf, const struct ecs_sim_personality *who,
                     enum ecs_sim_request_kind kind, enum ecs_sim_format format,
                     const struct ecs_sim_params *params, bool post);

/* How this client judges Content-Type. */
enum ecs_sim_content { ECS_SIM_CONTENT_XML, ECS_SIM_CONTENT_JSON, ECS_SIM_CONTENT_UNKNOWN };
enum ecs_sim_content ecs_sim_content(const struct ecs_sim_personality *who, struct ecs_str content_type,
                                     struct ecs_str body);

/* ---- cookies ---- */
struct ecs_sim_cookies {
    struct ecs_arena *arena;
    bool first_taken;
    char *lines[16]; /* values of Cookie headers */
    size_t n;
};
void ecs_sim_cookies_take(struct ecs_sim_cookies *cookies, const struct ecs_sim_personality *who,
                          const struct ecs_sim_response *response, struct ecs_sim_report *report);
void ecs_sim_cookies_write(struct ecs_buf *buf, const struct ecs_sim_cookies *cookies);
/* A Set-Cookie against C-18. */
void ecs_sim_cookies_check(const struct ecs_sim_response *response, struct ecs_sim_report *report);
