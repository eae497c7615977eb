/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a lab ready for the benches: the schema; then key material, sealed tokens and request targets for the
 * first subscribers of scripts/gen-subscribers. The keys are random per run and good for nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ecs/keyring.h"
#include "ecs/schema.h"
#include "ecs/token.h"

enum { CONNECT_TIMEOUT_S = 10, DEVICES_MAX = 100000, TOKEN_LIFE_S = 14 * 86400, EVERY_GROUP = 0xffff };

struct prepare {
    struct ecs_pg_sync *sync;
    struct ecs_crypto *crypto;
    struct ecs_sealer *tokens, *keys;
    FILE *targets, *cards;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_prepare: %s: %s\n", what, why);
    return 1;
}

static struct ecs_sealer *load_ring(struct ecs_crypto *crypto, const char *path, struct ecs_str label)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_keyring ring;
    struct ecs_faults faults;
    struct ecs_sealer *sealer = NULL;

    if (!arena)
        return NULL;
    ecs_faults_init(&faults, arena);
    if (ecs_keyring_load(path, false, &ring, &faults)) {
        sealer = ecs_sealer_new(crypto, &ring, label);
        ecs_keyring_wipe(&ring);
    } else {
        fail(path, faults.first ? faults.first->text : "not a key ring");
    }
    ecs_arena_free(arena);
    return sealer;
}

static bool insert_card(struct prepare *p, const struct ecs_imsi *imsi, const uint8_t ki[16],
                        const uint8_t opc[16])
{
    uint8_t id, ki_wrapped[16 + ECS_WRAP_OVERHEAD], opc_wrapped[16 + ECS_WRAP_OVERHEAD];
    struct ecs_aead_key *key = ecs_sealer_current(p->keys, &id);
    struct ecs_str owner = ecs_str_of(imsi->s);
    struct ecs_pg_param params[] = {ecs_pg_p_text(owner), ecs_pg_p_bytes(ki_wrapped, sizeof(ki_wrapped)),
                                    ecs_pg_p_bytes(opc_wrapped, sizeof(opc_wrapped))};

    if (!ecs_wrap_seal(p->crypto, key, id, owner, ECS_STR("ki"), ki, 16, ki_wrapped) ||
        !ecs_wrap_seal(p->crypto, key, id, owner, ECS_STR("opc"), opc, 16, opc_wrapped))
        return false;
    return ecs_pg_sync_exec(
               p->sync,
               "INSERT INTO auc (imsi, ki_wrapped, opc_wrapped) VALUES ($1::text, $2::bytea, $3::bytea) "
               "ON CONFLICT (imsi) DO UPDATE SET ki_wrapped = excluded.ki_wrapped, "
               "opc_wrapped = excluded.opc_wrapped, sqn = 0, attempts = 0",
               params, ECS_ARRAY_LEN(params), NULL) == ECS_OK;
}

static bool write_target(struct prepare *p, const struct ecs_imsi *imsi, const char *terminal_text)
{
    struct ecs_token token = {.imsi = *imsi, .groups = EVERY_GROUP, .issued_s = time(NULL)};
    struct ecs_terminal_id terminal;
    char text[ECS_TOKEN_TEXT_MAX + 1];

    token.expires_s = token.issued_s + TOKEN_LIFE_S;
    if (!ecs_terminal_id_parse(ecs_str_of(terminal_text), &terminal))
        return false;
    ecs_token_terminal_digest(p->crypto, &terminal, token.terminal);
    if (ecs_token_seal(p->crypto, p->tokens, &token, NULL, text) != ECS_OK)
        return false;
    return fprintf(p->targets,
                   "/ts43?terminal_id=%s&terminal_vendor=Bench&terminal_model=Phone&terminal_sw_version=1.0"
                   "&entitlement_version=8.0&app=ap2003&app=ap2004&app=ap2005&vers=0&IMSI=%s&token=%s\n",
                   terminal_text, imsi->s, text) > 0;
}

static bool make_device(struct prepare *p, unsigned long n)
{
    struct ecs_imsi imsi;
    uint8_t ki[16], opc[16];
    char text[20], terminal[20], ki_hex[33], opc_hex[33];

    snprintf(text, sizeof(text), "00101%010lu", n);
    snprintf(terminal, sizeof(terminal), "35000000%07lu", n);
    if (!ecs_imsi_parse(ecs_str_of(text), &imsi) || !ecs_random(p->crypto, ki, 16) ||
        !ecs_random(p->crypto, opc, 16) || !insert_card(p, &imsi, ki, opc) ||
        !write_target(p, &imsi, terminal))
        return false;
    ecs_hex_encode(ki, 16, ki_hex);
    ecs_hex_encode(opc, 16, opc_hex);
    return fprintf(p->cards, "%s %s %s %s\n", imsi.s, ki_hex, opc_hex, terminal) > 0;
}

static int make_devices(struct prepare *p, char **argv)
{
    unsigned long count = strtoul(argv[5], NULL, 10);
    bool good = true;

    p->crypto = ecs_crypto_new();
    p->tokens = p->crypto ? load_ring(p->crypto, argv[3], ECS_STR("token")) : NULL;
    p->keys = p->crypto ? load_ring(p->crypto, argv[4], ECS_STR("subscriber-key")) : NULL;
    p->targets = fopen(argv[6], "we");
    p->cards = fopen(argv[7], "we");
    if (!p->tokens || !p->keys || !p->targets || !p->cards || count < 1 || count > DEVICES_MAX)
        return fail("devices", "a key ring, an output file or the count cannot be used");
    for (unsigned long n = 0; good && n < count; n++)
        good = make_device(p, n);
    if (!good)
        return fail("devices", ecs_pg_sync_error(p->sync));
    return fclose(p->targets) || fclose(p->cards) ? fail("devices", "cannot write") : 0;
}

int main(int argc, char **argv)
{
    struct prepare p = {0};
    char error[256] = "";
    int rc = 2;

    if (argc < 3 || (strcmp(argv[1], "schema") != 0 && (strcmp(argv[1], "devices") != 0 || argc != 8))) {
        fprintf(stderr,
                "usage: bench_prepare schema CONNINFO\n"
                "       bench_prepare devices CONNINFO TOKEN_KEYS SUBSCRIBER_KEYS COUNT TARGETS CARDS\n");
        return rc;
    }
    if (ecs_pg_sync_connect(argv[2], CONNECT_TIMEOUT_S, error, &p.sync) != ECS_OK)
        return fail("database", error);
    if (strcmp(argv[1], "schema") == 0)
        rc = ecs_schema_upgrade(p.sync, NULL) == ECS_OK ? 0 : fail("schema", ecs_pg_sync_error(p.sync));
    else
        rc = make_devices(&p, argv);
    ecs_sealer_free(p.tokens);
    ecs_sealer_free(p.keys);
    ecs_crypto_free(p.crypto);
    ecs_pg_sync_free(p.sync);
    return rc;
}
