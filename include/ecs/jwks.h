/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets of issuers, fetched and kept (RFC 7517): per worker, bounded, with a minimum interval between
 * fetches, so that made-up key ids cannot make us hammer the issuer. */
#pragma once

#include "ecs/jws.h"
#include "ecs/neighbour.h"

struct ecs_jwks;

struct ecs_jwks_conf {
    const char *url;        /* of the set; copied */
    int64_t max_age_s;      /* fetched anew after this time; 0: 3600; Cache-Control max-age may shorten it */
    int64_t min_interval_s; /* between two fetches, whatever is asked; 0: 30 */
    int64_t stale_s;        /* kept when the issuer is not reachable; 0: 86400 */
};
/* neighbour is borrowed; url is copied. Times are those of expect->now, which may lie up to 60 s back: a
 * greater step back is taken for a clock that was set. NULL: no memory. */
struct ecs_jwks *ecs_jwks_new(struct ecs_neighbour *neighbour, const struct ecs_jwks_conf *conf);
/* While flows wait for a fetch, the memory lives until they were served. NULL allowed. */
void ecs_jwks_free(struct ecs_jwks *jwks);

struct ecs_jwks_result {
    enum ecs_rc rc; /* ECS_OK, or ECS_E_BACKEND: there is no set at all */
    enum ecs_jws_verdict verdict;
    struct ecs_jws_claims claims;
};
/* Verifies by the kept set; fetches it first when there is none, when it is too old, or when the token's kid
 * is not in it and min_interval_s allows. Callers whom the kept set does not serve wait for a fetch that is
 * under way. A set without usable keys counts as a failed fetch. token and expect are copied, the strings in
 * expect are borrowed until the next step. May wait. */
enum ecs_next ecs_jwks_verify(struct ecs_flow *f, struct ecs_jwks *jwks, struct ecs_str token,
                              const struct ecs_jws_expect *expect, struct ecs_jwks_result *ret_result);
