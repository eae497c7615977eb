/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Answers of the validator of addresses: any body gives a verdict whose parts can be sent on (an identifier
 * that devices take, an expiry in the future, a suggestion that passes our own rules), or a refusal with a
 * reason and nothing else. The first byte chooses the country of the address that was asked about. */
#include <stdlib.h>
#include <string.h>

#include "ecs/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000, REASON_MAX = 512 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_identifier(struct ecs_str identifier)
{
    require(identifier.n <= 256);
    for (size_t i = 0; i < identifier.n; i++)
        require(identifier.p[i] > ' ' && identifier.p[i] < 0x7f && !strchr("<>\"'&", identifier.p[i]));
}

static void check_suggestion(struct ecs_arena *arena, const struct ecs_address_result *r)
{
    struct ecs_address again = r->suggestion;
    unsigned missing, wrong;

    ecs_address_judge(&r->suggestion, &missing, &wrong);
    require(!missing && !wrong);
    require(ecs_address_tidy(arena, &again));
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        require(ecs_str_eq(again.field[i], r->suggestion.field[i]));
}

static void check(struct ecs_arena *arena, const struct ecs_address_result *r)
{
    require((unsigned)r->verdict <= ECS_ADDRESS_UNREACHABLE);
    require((r->verdict == ECS_ADDRESS_UNREACHABLE) == (r->reason != NULL));
    require(r->bad >> ECS_ADDRESS_FIELDS == 0 && (r->verdict == ECS_ADDRESS_BAD || r->bad == 0));
    require(r->expires_s == 0 || r->expires_s > NOW);
    check_identifier(r->identifier);
    if (r->verdict == ECS_ADDRESS_SUGGESTION)
        check_suggestion(arena, r);
    if (r->verdict != ECS_ADDRESS_UNREACHABLE)
        return;
    require(*r->reason && strlen(r->reason) < REASON_MAX); /* a line of the log */
    require(r->identifier.n == 0 && r->expires_s == 0 && r->bad == 0);
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        require(r->suggestion.field[i].n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const countries[] = {"DE", "US", "GB", "CA", "JP", "ZZ", "", "fr"};
    struct ecs_address asked = {0};
    struct ecs_address_result result;
    struct ecs_arena *arena;
    struct ecs_str body;

    if (size == 0)
        return 0;
    arena = ecs_arena_new(NULL, 0);
    if (!arena)
        return 0;
    asked.field[ECS_ADDRESS_NAME] = ECS_STR("Ann Lee");
    asked.field[ECS_ADDRESS_COUNTRY] = ecs_str_of(countries[data[0] % ECS_ARRAY_LEN(countries)]);
    body = (struct ecs_str){(const char *)data + 1, size - 1};
    ecs_address_read(arena, body, &asked, NOW, &result);
    check(arena, &result);
    ecs_arena_free(arena);
    return 0;
}
