/* SPDX-License-Identifier: Apache-2.0 */
/* The software SIM card: reading keys, the identity that Android builds from it, and the file that keeps its
 * sequence numbers between runs. */

#include "usim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_keys(struct ecs_sim_usim *usim, struct ecs_crypto *crypto,
                      const struct ecs_sim_usim_text *text, char *err, size_t err_size)
{
    bool tuak = usim->key.alg == ECS_AKA_TUAK;
    size_t op_n = tuak ? 32 : 16;
    const char *op_text = text->opc ? text->opc : text->op;
    uint8_t op[32];
    bool done;

    usim->key.ki_n = tuak && text->ki && strlen(text->ki) == 64 ? 32 : 16;
    if (!text->ki || !ecs_hex_decode(ecs_str_of(text->ki), usim->key.ki, usim->key.ki_n)) {
        snprintf(err, err_size, "--ki must be %s hexadecimal digits", tuak ? "32 or 64" : "32");
        return false;
    }
    if (!op_text || (text->opc && text->op) || !ecs_hex_decode(ecs_str_of(op_text), op, op_n)) {
        snprintf(err, err_size, "give either --op or --opc, %zu hexadecimal digits", op_n * 2);
        return false;
    }
    if (text->opc) {
        memcpy(usim->key.opc, op, op_n);
        done = true;
    } else if (tuak) {
        done = ecs_tuak_topc(usim->key.ki, usim->key.ki_n, op, 1, usim->key.opc);
    } else {
        done = ecs_milenage_opc(crypto, usim->key.ki, op, usim->key.opc);
    }
    ecs_wipe(op, sizeof(op));
    if (!done)
        snprintf(err, err_size, "cannot derive OPc");
    return done;
}

static bool load_state(struct ecs_sim_usim *usim, char *err, size_t err_size)
{
    FILE *file = fopen(usim->state_file, "re");
    unsigned read = 0;
    bool good = true;

    if (!file && errno == ENOENT)
        return true;
    if (!file) {
        snprintf(err, err_size, "cannot read %s: %s", usim->state_file, strerror(errno));
        return false;
    }
    while (good && read < ECS_AKA_SLOTS && fscanf(file, "%" SCNx64, &usim->state.seq[read]) == 1) {
        good = usim->state.seq[read] <= ECS_AKA_SQN_MAX >> ECS_AKA_IND_BITS;
        read++;
    }
    fclose(file);
    if (!good || read != ECS_AKA_SLOTS) {
        snprintf(err, err_size, "%s is not a SIM state file (%d hexadecimal sequence numbers)",
                 usim->state_file, ECS_AKA_SLOTS);
        return false;
    }
    return true;
}

bool ecs_sim_usim_init(struct ecs_sim_usim *usim, struct ecs_crypto *crypto,
                       const struct ecs_sim_usim_text *text, char *err, size_t err_size)
{
    uint32_t res_bytes = 0;

    memset(usim, 0, sizeof(*usim));
    usim->state_file = text->state_file;
    usim->mnc_digits = text->mnc_digits && !strcmp(text->mnc_digits, "3") ? 3 : 2;
    if (text->mnc_digits && strcmp(text->mnc_digits, "2") != 0 && strcmp(text->mnc_digits, "3") != 0) {
        snprintf(err, err_size, "the MNC has 2 or 3 digits");
        return false;
    }
    if (!text->imsi || !ecs_imsi_parse(ecs_str_of(text->imsi), &usim->imsi)) {
        snprintf(err, err_size, "the IMSI must be 6 to 15 digits");
        return false;
    }
    if (text->alg && strcmp(text->alg, "milenage") != 0 && strcmp(text->alg, "tuak") != 0) {
        snprintf(err, err_size, "the algorithm is milenage or tuak");
        return false;
    }
    usim->key.alg = text->alg && !strcmp(text->alg, "tuak") ? ECS_AKA_TUAK : ECS_AKA_MILENAGE;
    if (text->res_bytes &&
        (!ecs_str_to_u32(ecs_str_of(text->res_bytes), &res_bytes) || res_bytes < 4 || res_bytes > 16)) {
        snprintf(err, err_size, "RES has 4 to 16 bytes");
        return false;
    }
    usim->key.res_n = (uint8_t)res_bytes;
    return read_keys(usim, crypto, text, err, err_size) &&
           (!usim->state_file || load_state(usim, err, err_size));
}

bool ecs_sim_usim_save(const struct ecs_sim_usim *usim, char *err, size_t err_size)
{
    char temporary[1024];
    FILE *file;
    bool good;

    if (!usim->state_file)
        return true;
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", usim->state_file) >= sizeof(temporary)) {
        snprintf(err, err_size, "the name of the SIM state file is too long");
        return false;
    }
    file = fopen(temporary, "we");
    good = file != NULL;
    for (unsigned i = 0; good && i < ECS_AKA_SLOTS; i++)
        good = fprintf(file, "%" PRIx64 "\n", usim->state.seq[i]) > 0;
    if (file && fclose(file))
        good = false;
    if (good && rename(temporary, usim->state_file))
        good = false;
    if (!good)
        snprintf(err, err_size, "cannot write %s: %s", usim->state_file, strerror(errno));
    return good;
}

const char *ecs_sim_usim_nai(const struct ecs_sim_usim *usim, struct ecs_arena *arena, char prefix,
                             const char *realm)
{
    const char *imsi = usim->imsi.s;
    const char *pad = usim->mnc_digits == 2 ? "0" : "";

    return ecs_printf(arena, "%c%s@%s.mnc%s%.*s.mcc%.3s.3gppnetwork.org", prefix, imsi, realm, pad,
                      (int)usim->mnc_digits, imsi + 3, imsi);
}
