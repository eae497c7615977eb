/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls, and on whose behalf: partners by certificate or token, hand-overs by their sealed reference. */
#include "callback.h"

#include <string.h>

#include "ecs/store_data.h"
#include "ecs/ts43.h"

/* Services that are handed over to pages, by the number in the reference; data: letters of ecs_facts_key. */
static const struct {
    enum ecs_app app;
    const char *service, *data;
} services[] = {
    {ECS_APP_2004, "vowifi", ""},
    {ECS_APP_2006, "odsa", ""},
    {ECS_APP_2009, "odsa", ""},
    {ECS_APP_2010, "boost", ECS_DATA_PLAN},
    {ECS_APP_2011, "odsa", ""},
    {ECS_APP_2012, "billing", ECS_DATA_BILLING},
    {ECS_APP_2016, "satmode", ECS_DATA_SATELLITE},
};

/* ---- partner ---- */

/* Fingerprints are written with and without colons, in either case. */
static bool is_fingerprint(const char *wanted, const char *have)
{
    for (; *wanted; wanted++) {
        char c = *wanted;

        if (c == ':')
            continue;
        if (c >= 'A' && c <= 'F')
            c = (char)(c + 32);
        if (c != *have++)
            return false;
    }
    return *have == '\0';
}

bool callback_same_secret(struct callback_call *c, const char *wanted, struct ecs_str given)
{
    uint8_t a[32], b[32];
    struct ecs_str text = ecs_str_of(wanted);

    return ecs_digest(c->front->crypto, ECS_DIGEST_SHA256, &text, 1, a) &&
           ecs_digest(c->front->crypto, ECS_DIGEST_SHA256, &given, 1, b) && ecs_ct_equal(a, b, sizeof(a));
}

/* All that the entry names must be there. */
static bool is_partner(struct callback_call *c, const struct ecs_partner_conf *p, struct ecs_str bearer)
{
    if (p->certificate &&
        !(c->client.fingerprint[0] && is_fingerprint(p->certificate, c->client.fingerprint)))
        return false;
    if (p->subject && !(c->client.subject[0] && strcmp(p->subject, c->client.subject) == 0))
        return false;
    return !p->token || (bearer.n && callback_same_secret(c, p->token, bearer));
}

struct ecs_str callback_bearer(const struct callback_call *c)
{
    struct ecs_str scheme = ECS_STR("Bearer "), bearer = ECS_STR_NULL;

    if (ecs_str_starts_with_nocase(c->authorization, scheme))
        bearer = ecs_str_trim((struct ecs_str){c->authorization.p + scheme.n, c->authorization.n - scheme.n});
    return bearer.n ? bearer : ECS_STR_NULL;
}

enum ecs_next callback_by_partner(struct callback_call *c)
{
    struct ecs_str bearer = callback_bearer(c);
    const struct ecs_partner_conf *partners;
    size_t n;

    if (!c->over_tls && !bearer.n)
        return callback_refuse(c, CALLBACK_NO_CREDENTIAL, NULL);
    if (c->over_tls && !c->client.fingerprint[0]) /* the listener lets nobody in without one */
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    partners = ecs_conf_list(c->engine->snapshot->conf, "partners", &n);
    for (size_t i = 0; i < n && !c->partner; i++)
        if (is_partner(c, &partners[i], bearer))
            c->partner = &partners[i];
    if (!c->partner)
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    c->caller = c->partner->name;
    return ECS_NEXT;
}

/* ---- hand-over ---- */

/* False: no pages are for that. */
static bool find_service(struct callback_call *c)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(services); i++)
        if (ecs_app_number(services[i].app) == 2000u + c->ref.service) {
            c->service = services[i].service;
            c->key.data = ecs_str_of(services[i].data);
        }
    return c->service != NULL;
}

/* What belongs to the reference besides subscriber and service must be there. */
static bool is_whole(const struct callback_call *c)
{
    static const uint8_t none[sizeof(c->ref.account)];

    if (strcmp(c->service, "billing") == 0)
        return memcmp(c->ref.account, none, sizeof(none)) != 0;
    return strcmp(c->service, "boost") != 0 || c->ref.boost;
}

static bool is_odsa(const struct callback_call *c)
{
    return strcmp(c->service, "odsa") == 0;
}

enum ecs_next callback_open(struct callback_call *c)
{
    struct ecs_str parts[] = {ECS_STR("flow-reference"), c->reference};
    const char *tac = NULL;

    if (ecs_flow_ref_open(c->engine->flow_sealer, c->reference, &c->ref) != ECS_OK)
        return callback_refuse(c, CALLBACK_REFERENCE_UNKNOWN, NULL);
    if (!find_service(c) || !is_whole(c))
        return callback_refuse(c, CALLBACK_REFERENCE_UNKNOWN, NULL);
    if (is_odsa(c) != ecs_str_starts_with(ecs_str_of(c->route->path), ECS_STR("/v1/odsa/")))
        return callback_refuse(c, CALLBACK_REFERENCE_UNKNOWN,
                               "the reference is for other calls than this one");
    ecs_imsi_mask(&c->ref.imsi, c->subject);
    memcpy(c->log.imsi, c->subject, sizeof(c->log.imsi));
    if (!ecs_digest(c->front->crypto, ECS_DIGEST_SHA256, parts, 2, c->digest))
        return ecs_flow_fail(&c->flow, ECS_E_INTERNAL, "digest");
    if (c->ref.tac)
        tac = ecs_printf(c->flow.arena, "%08u", (unsigned)c->ref.tac);
    if (!c->ref.imsi.s[0])
        return ECS_NEXT; /* of an enterprise */
    c->key.imsi = ecs_str_of(c->ref.imsi.s);
    c->key.tac = ecs_str_of(tac);
    ecs_hex_encode(c->ref.account, sizeof(c->ref.account), c->account);
    if (ecs_str_eq(c->key.data, ECS_STR(ECS_DATA_BILLING)))
        c->key.account = ecs_str_of(c->account);
    return ecs_store_facts(&c->flow, c->front->store, &c->key, &c->facts);
}

static bool is_listed(const struct ecs_str_list *list, struct ecs_str word)
{
    for (size_t i = 0; i < list->n; i++)
        if (ecs_str_eq(list->items[i], word))
            return true;
    return list->n == 0;
}

enum ecs_next callback_admit(struct callback_call *c)
{
    if (!is_listed(&c->partner->services, ecs_str_of(c->service)))
        return callback_refuse(c, CALLBACK_SERVICE_FORBIDDEN, NULL);
    if (c->ref.imsi.s[0] && !c->facts.known)
        return callback_refuse(c, CALLBACK_SUBSCRIBER_GONE, NULL);
    if (!is_listed(&c->partner->brands, c->facts.brand))
        return callback_refuse(c, CALLBACK_BRAND_FORBIDDEN, NULL);
    return ECS_NEXT;
}
