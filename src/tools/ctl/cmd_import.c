/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber import, device import, subject import, pool import: straight into the database, so that they
 * also work before the daemon runs. */
#include "ctl.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "ecs/auth.h"
#include "ecs/clock.h"
#include "ecs/import.h"
#include "ecs/keyring.h"
#include "ecs/milenage.h"
#include "ecs/odsa.h"
#include "ecs/smdp.h"
#include "ecs/tuak.h"

enum { TUAK_ITERATIONS = 1, CHUNK_MAX = 1000000 };

struct import {
    struct ctl *ctl;
    struct ecs_crypto *crypto;
    struct ecs_sealer *sealer; /* NULL: no lines with keys */
    bool terminal;
    int64_t start_us;
    struct ecs_import_conf conf;
    struct ecs_import_result result;
    const char *rejects_path;
};

/* ---- keys ---- */

/* OPc or TOPc of a line that gave OP or TOP. */
static bool make_opc(struct import *im, const struct ecs_import_key *key, uint8_t out[32])
{
    if (!key->is_op) {
        memcpy(out, key->op, key->op_n);
        return true;
    }
    return key->tuak ? ecs_tuak_topc(key->ki, key->ki_n, key->op, TUAK_ITERATIONS, out)
                     : ecs_milenage_opc(im->crypto, key->ki, key->op, out);
}

static enum ecs_rc wrap(void *arg, const struct ecs_import_key *key, struct ecs_wrapped_key *ret_wrapped)
{
    struct import *im = arg;
    uint8_t opc[32], id;
    struct ecs_aead_key *seal = ecs_sealer_current(im->sealer, &id);
    bool good =
        make_opc(im, key, opc) &&
        ecs_wrap_seal(im->crypto, seal, id, key->imsi, ECS_STR("ki"), key->ki, key->ki_n, ret_wrapped->ki) &&
        ecs_wrap_seal(im->crypto, seal, id, key->imsi, ECS_STR("opc"), opc, key->op_n, ret_wrapped->opc);

    ecs_wipe(opc, sizeof(opc));
    ret_wrapped->ki_n = key->ki_n + ECS_WRAP_OVERHEAD;
    ret_wrapped->opc_n = key->op_n + ECS_WRAP_OVERHEAD;
    return good ? ECS_OK : ECS_E_INTERNAL;
}

/* As the daemon seals and opens activation codes. */
static const char *seal(void *arg, struct ecs_str code, struct ecs_sealed_code *ret_sealed)
{
    const struct import *im = arg;
    struct ecs_auth_env auth = {.crypto = im->crypto};
    struct ecs_odsa_env odsa = {.auth = &auth, .code_sealer = im->sealer};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_str address, matching_id, sealed;
    const char *why = NULL;
    bool confirmation;

    if (!ecs_activation_code_read(code, &address, &matching_id, &confirmation))
        why = "code is no activation code";
    else if (confirmation)
        why = "code needs a confirmation code, which nobody can tell the user";
    else if (!arena || !ecs_odsa_seal(&odsa, arena, ecs_str_trim(code), &sealed) ||
             sealed.n > sizeof(ret_sealed->bytes))
        why = "code could not be sealed";
    if (!why) {
        memcpy(ret_sealed->bytes, sealed.p, sealed.n);
        ret_sealed->n = sealed.n;
        snprintf(ret_sealed->address, sizeof(ret_sealed->address), "%.*s", ECS_FMT(address));
    }
    ecs_arena_free(arena);
    return why;
}

/* label: of the derived key. */
static enum ctl_status open_keys(struct import *im, const char *label)
{
    const struct ecs_auth_conf *auth = ecs_conf_get(im->ctl->conf, "auth");
    const struct ecs_server_conf *server = ecs_conf_get(im->ctl->conf, "server");
    struct ecs_keyring ring = {0};
    struct ecs_faults faults;

    ecs_faults_init(&faults, im->ctl->arena);
    if (!ecs_keyring_load(auth->subscriber_keys, server->mode == ECS_MODE_PRODUCTION, &ring, &faults)) {
        ctl_print_faults("error", &faults);
        return ctl_fail(im->ctl, CTL_FAILED,
                        "auth.subscriber_keys cannot be used, so what is secret cannot be sealed");
    }
    im->crypto = ecs_crypto_new();
    im->sealer = im->crypto ? ecs_sealer_new(im->crypto, &ring, ecs_str_of(label)) : NULL;
    ecs_keyring_wipe(&ring);
    if (!im->sealer)
        return ctl_fail(im->ctl, CTL_FAILED, "the cryptographic library cannot be used");
    im->conf.wrap = wrap;
    im->conf.seal = seal;
    return CTL_OK;
}

/* ---- files and progress ---- */

static double seconds(const struct import *im)
{
    return (double)(ecs_clock_mono_us() - im->start_us) / 1e6;
}

static void progress(void *arg, uint64_t lines, uint64_t accepted, uint64_t rejected)
{
    const struct import *im = arg;
    double s = seconds(im);

    if (im->terminal)
        fprintf(stderr, "\r%llu lines, %llu accepted, %llu rejected, %.0f lines/s ",
                (unsigned long long)lines, (unsigned long long)accepted, (unsigned long long)rejected,
                s > 0 ? (double)lines / s : 0.0);
}

static enum ctl_status open_files(struct import *im)
{
    struct ctl *ctl = im->ctl;
    const char *chunk = ctl_get(ctl, CTL_CHUNK);
    uint32_t n = 0;

    if (chunk && (!ecs_str_to_u32(ecs_str_of(chunk), &n) || n < 1 || n > CHUNK_MAX))
        return ctl_fail(ctl, CTL_USAGE, "--chunk must be a number from 1 to %d", CHUNK_MAX);
    im->conf.chunk = n;
    im->conf.in = strcmp(ctl->arg[0], "-") == 0 ? stdin : fopen(ctl->arg[0], "re");
    if (!im->conf.in)
        return ctl_fail(ctl, CTL_FAILED, "%s: %s", ctl->arg[0], strerror(errno));
    im->rejects_path = ctl_get(ctl, CTL_REJECTED);
    im->conf.rejects = im->rejects_path ? fopen(im->rejects_path, "we") : stderr;
    if (!im->conf.rejects)
        return ctl_fail(ctl, CTL_FAILED, "%s: %s", im->rejects_path, strerror(errno));
    im->terminal = isatty(STDERR_FILENO) && !ctl->json && im->conf.rejects != stderr;
    return CTL_OK;
}

static enum ctl_status close_files(struct import *im, enum ctl_status status)
{
    if (im->conf.in && im->conf.in != stdin)
        fclose(im->conf.in);
    if (im->conf.rejects && im->conf.rejects != stderr && fclose(im->conf.rejects) != 0 && status == CTL_OK)
        status = ctl_fail(im->ctl, CTL_FAILED, "%s: cannot be written", im->rejects_path);
    return status;
}

/* ---- the import ---- */

/* What was imported by whom; the daemon is not asked, so the row is written here. */
static enum ecs_rc write_audit(struct import *im, struct ecs_pg_sync *sync, const char *action)
{
    const struct passwd *user = getpwuid(getuid());
    const struct ecs_import_result *r = &im->result;
    const char *actor = ecs_printf(im->ctl->arena, "user:%s", user ? user->pw_name : "unknown");
    const char *detail = ecs_printf(
        im->ctl->arena,
        "{\"lines\":%llu,\"accepted\":%llu,\"rejected\":%llu,\"inserted\":%llu,\"updated\":%llu}",
        (unsigned long long)r->lines, (unsigned long long)r->accepted, (unsigned long long)r->rejected,
        (unsigned long long)r->inserted, (unsigned long long)r->updated);
    const struct ecs_pg_param params[] = {ecs_pg_p_text(ecs_str_of(actor)), ecs_pg_p_text(ecs_str_of(action)),
                                          ecs_pg_p_text(ecs_str_of(detail))};

    if (!actor || !detail)
        return ECS_E_NO_MEMORY;
    return ecs_pg_sync_exec(
        sync,
        "INSERT INTO audit (actor, role, action, detail) VALUES ($1::text, 'admin', $2::text, "
        "$3::text::jsonb)",
        params, ECS_ARRAY_LEN(params), NULL);
}

static void print_result(const struct import *im)
{
    const struct ecs_import_result *r = &im->result;
    unsigned long long n[] = {r->lines, r->accepted, r->rejected, r->inserted, r->updated};

    if (im->terminal)
        fputc('\n', stderr);
    if (im->ctl->json)
        printf("{\"lines\":%llu,\"accepted\":%llu,\"rejected\":%llu,\"inserted\":%llu,\"updated\":%llu,"
               "\"seconds\":%.3f}\n",
               n[0], n[1], n[2], n[3], n[4], seconds(im));
    else
        printf("%llu lines: %llu accepted, %llu rejected; %llu rows inserted, %llu changed; %.1f s\n", n[0],
               n[1], n[2], n[3], n[4], seconds(im));
}

static enum ctl_status run_import(struct import *im, struct ecs_pg_sync *sync, const char *action,
                                  enum ecs_rc (*import)(struct ecs_pg_sync *, const struct ecs_import_conf *,
                                                        struct ecs_import_result *))
{
    enum ecs_rc rc, audited;

    im->start_us = ecs_clock_mono_us();
    rc = import(sync, &im->conf, &im->result);
    if (rc == ECS_E_BAD_PARAMETER && im->result.lines == 0)
        return ctl_fail(im->ctl, CTL_FAILED, "%s: %s", im->ctl->arg[0], im->result.error);
    audited = write_audit(im, sync, action);
    print_result(im);
    if (rc != ECS_OK && im->result.error[0])
        return ctl_fail(im->ctl, rc == ECS_E_BACKEND ? CTL_UNREACHABLE : CTL_FAILED,
                        "stopped: %s; what is counted above stays", im->result.error);
    if (rc != ECS_OK || audited != ECS_OK)
        return ctl_database_failed(im->ctl, sync, rc != ECS_OK ? rc : audited);
    if (im->result.rejected)
        return ctl_fail(im->ctl, CTL_FAILED, "%llu lines were not accepted; reasons: %s",
                        (unsigned long long)im->result.rejected,
                        im->rejects_path ? im->rejects_path : "above");
    return CTL_OK;
}

/* label: of the key for what is secret; NULL: nothing is. */
static enum ctl_status import_file(struct ctl *ctl, const char *action, const char *label,
                                   enum ecs_rc (*import)(struct ecs_pg_sync *, const struct ecs_import_conf *,
                                                         struct ecs_import_result *))
{
    struct import im = {.ctl = ctl};
    struct ecs_pg_sync *sync = NULL;
    enum ctl_status status = ctl_database(ctl, &sync);

    im.conf.progress = progress;
    im.conf.arg = &im;
    if (status == CTL_OK && label)
        status = open_keys(&im, label);
    if (status == CTL_OK)
        status = open_files(&im);
    if (status == CTL_OK)
        status = run_import(&im, sync, action, import);
    status = close_files(&im, status);
    ecs_sealer_free(im.sealer);
    ecs_crypto_free(im.crypto);
    ecs_pg_sync_free(sync);
    return status;
}

enum ctl_status ctl_subscriber_import(struct ctl *ctl)
{
    return import_file(ctl, "subscriber.import", "subscriber-key", ecs_import_subscribers);
}

enum ctl_status ctl_device_import(struct ctl *ctl)
{
    return import_file(ctl, "device.import", NULL, ecs_import_devices);
}

enum ctl_status ctl_subject_import(struct ctl *ctl)
{
    return import_file(ctl, "subject.import", NULL, ecs_import_subjects);
}

enum ctl_status ctl_pool_import(struct ctl *ctl)
{
    return import_file(ctl, "pool.import", "odsa-code", ecs_import_pool);
}

enum ctl_status ctl_usage_import(struct ctl *ctl)
{
    return import_file(ctl, "usage.import", NULL, ecs_import_usage);
}

enum ctl_status ctl_offer_import(struct ctl *ctl)
{
    return import_file(ctl, "offer.import", NULL, ecs_import_offers);
}

enum ctl_status ctl_enterprise_import(struct ctl *ctl)
{
    return import_file(ctl, "enterprise.import", NULL, ecs_import_enterprises);
}

enum ctl_status ctl_relation_import(struct ctl *ctl)
{
    return import_file(ctl, "relation.import", NULL, ecs_import_relations);
}

enum ctl_status ctl_profile_import(struct ctl *ctl)
{
    return import_file(ctl, "profile.import", NULL, ecs_import_profiles);
}

enum ctl_status ctl_visited_import(struct ctl *ctl)
{
    return import_file(ctl, "visited.import", NULL, ecs_import_visited);
}
