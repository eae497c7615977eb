/* SPDX-License-Identifier: Apache-2.0 */
/* What request headers say: document format, language, content coding, session cookie, client software.
 * Nothing here fails: what cannot be read counts as absent. A header that came in several lines is joined
 * with ", " beforehand, except Cookie. */
#pragma once

#include "ecs/str.h"

#define ECS_TYPE_XML   "text/vnd.wap.connectivity-xml"
#define ECS_TYPE_JSON  "application/json"
#define ECS_TYPE_RELAY "application/vnd.gsma.eap-relay.v1.0+json"

enum ecs_format {
    ECS_FORMAT_XML,
    ECS_FORMAT_JSON,
};

struct ecs_accept {
    enum ecs_format format; /* of the document */
    bool relay;             /* the relay type is listed */
};
/* clients.md C-25: connectivity-xml listed gives XML, whatever else is there; else application/json listed,
 * or the relay type alone, gives JSON; everything else XML. A type with q=0 counts as not listed. */
struct ecs_accept ecs_accept_read(struct ecs_str accept);
const char *ecs_format_type(enum ecs_format format); /* exact Content-Type */

/* Index of the best language in available ("en", "pt-BR"; n >= 1): ranges by falling q, each shortened from
 * the right (de-AT -> de), then a range as prefix of an available one (de -> de-CH); "*" gives fallback; what
 * has q=0 is avoided. fallback (an index) when nothing fits. */
size_t ecs_language_match(struct ecs_str accept_language, const struct ecs_str *available, size_t n,
                          size_t fallback);

/* True when gzip (or x-gzip) is listed with q > 0 and not liked less than identity. A lone "*" does not list
 * it. */
bool ecs_accepts_gzip(struct ecs_str accept_encoding);

/* Values of the cookie called name (exact) from all Cookie lines, in order, quotes removed, duplicates and
 * empty ones left out; returns how many, at most room. Attribute pieces (Path=/, $Version=1) are other names.
 * Looks at the first 64 pieces. */
size_t ecs_cookie_find(const struct ecs_str *lines, size_t n_lines, struct ecs_str name,
                       struct ecs_str *ret_values, size_t room);

/* Lenient reading of "PRD-TS43 term-V/M client-C/1.0 OS-Android/15" and its relatives; parts that are not
 * there are {NULL, 0}. All point into the header. For logs and facts, never a reason to refuse. */
struct ecs_user_agent {
    bool ts43; /* begins with PRD-TS43 */
    struct ecs_str vendor, model;
    struct ecs_str client, client_version; /* "IMS-Entitlement", "6" */
    struct ecs_str os, os_version;         /* "Android", "14" */
};
struct ecs_user_agent ecs_user_agent_read(struct ecs_str header);
