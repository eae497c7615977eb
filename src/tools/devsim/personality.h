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
    ECS_SIM_COOKIES_PAIRS, /* name=value of the latest answer that had any, one line; also with token requests
                            */
    ECS_SIM_COOKIES_ONE,   /* name=value of the first Set-Cookie of the latest answer that had any */
    ECS_SIM_COOKIES_JAR    /* a browser's store: by name, for host and path; also with token requests */
};

/* What the client does with 301, 302, 303, 307 and 308. */
enum ecs_sim_redirects {
    ECS_SIM_REDIRECTS_NONE,
    ECS_SIM_REDIRECTS_GO,  /* up to ten; all but 307 and 308 become GET */
    ECS_SIM_REDIRECTS_SAME /* within the host, same method and body; EAP answers go to where the last one led
                            */
};

/* What the client makes of the final document. */
enum ecs_sim_reader {
    ECS_SIM_READER_LIBRARY,
    ECS_SIM_READER_IMS,
    ECS_SIM_READER_SAMSUNG_OLD,
    ECS_SIM_READER_SAMSUNG_NEW,
    ECS_SIM_READER_HEALTH,
    ECS_SIM_READER_HEADLESS,
    ECS_SIM_READER_ODSA,      /* the library's ODSA calls */
    ECS_SIM_READER_MICROG,    /* the token of the authentication, then the operation */
    ECS_SIM_READER_SATELLITE, /* ap2016 */
    ECS_SIM_READER_SLICING,   /* ap2010 */
    ECS_SIM_READER_SIMADMIN,
    ECS_SIM_READER_VALIDATOR,
    ECS_SIM_READER_NODE,
    ECS_SIM_READER_PNV, /* a server that asks for a number */
    ECS_SIM_READER_COUNT
};

struct ecs_sim_personality {
    const char *name;
    const char *help;
    /* request */
    enum ecs_sim_order order;
    const char *table; /* names in their order, blanks between them */
    enum ecs_sim_escape escape;
    const char *defaults; /* "name=value|name=value": parameters when the user gives none */
    const char *odsa;     /* more of them, which the request that only authenticates lacks; NULL: none */
    const char *only;     /* names that are sent with a temporary token, no others; NULL: all */
    const char *gid;      /* name of the SIM's group, sent from entitlement_version 12 on; NULL: never */
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
    const char *needs_cookie;                  /* name of the cookie without which it gives up */
    bool two_steps;       /* with an operation: a request that authenticates, then the operation by token */
    bool posts;           /* the first request is a POST */
    bool posts_query_too; /* a POST has the parameters in the query as well */
    bool posts_after_405;
    bool bare;           /* no terminal_id unless given */
    bool realm_verbatim; /* --realm stands behind the @ as it is */
    bool mk_usual_realm; /* keys are made with the usual identity, whatever EAP_ID had */
    bool forgets_token;  /* full authentication each time */
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
    enum ecs_sim_redirects redirects;
    bool json_is_challenge; /* any JSON body is taken for one */
    bool token_is_final; /* an answer with a token is the end, whatever else is in it; the type is not read */
    bool takes_2xx;
    bool xml_only, json_only; /* final documents */
    size_t body_max;          /* bytes, 0: no limit of its own */
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
    const char *host, *path; /* of the request in work, for a store; NULL: everything fits */
    const char *paths[16];   /* a store's: where the line goes */
    bool is_jar;
};
void ecs_sim_cookies_take(struct ecs_sim_cookies *cookies, const struct ecs_sim_personality *who,
                          const struct ecs_sim_response *response, struct ecs_sim_report *report);
void ecs_sim_cookies_write(struct ecs_buf *buf, const struct ecs_sim_cookies *cookies);
bool ecs_sim_cookies_have(const struct ecs_sim_cookies *cookies, const char *name);
/* A Set-Cookie against C-18. */
void ecs_sim_cookies_check(const struct ecs_sim_response *response, struct ecs_sim_report *report);
