/* SPDX-License-Identifier: Apache-2.0 */
/* Key ring files and the per-thread sealing objects made from them. */
#include "ecs/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16384 };

void ecs_keyring_wipe(struct ecs_keyring *ring)
{
    ecs_wipe(ring, sizeof(*ring));
}

static bool parse_line(const char *name, unsigned line, struct ecs_str text, struct ecs_keyring *ring,
                       struct ecs_faults *faults)
{
    struct ecs_str id;
    uint32_t number;
    unsigned at = ring->count;

    if (at == ECS_KEYRING_MAX) {
        ecs_fault_add(faults, name, line, 1, "more than %d keys in the ring", ECS_KEYRING_MAX);
        return false;
    }
    if (!ecs_str_cut(&text, ' ', &id) || !ecs_str_to_u32(id, &number) || number < 1 || number > 255) {
        ecs_fault_add(faults, name, line, 1, "a key line is \"<id 1..255> <64 hex digits>\"");
        return false;
    }
    for (unsigned i = 0; i < at; i++)
        if (ring->keys[i].id == number) {
            ecs_fault_add(faults, name, line, 1, "key id %u is used twice", (unsigned)number);
            return false;
        }
    if (!ecs_hex_decode(ecs_str_trim(text), ring->keys[at].key, sizeof(ring->keys[at].key))) {
        ecs_fault_add(faults, name, line, 1, "key %u is not made of 64 hex digits", (unsigned)number);
        return false;
    }
    ring->keys[at].id = (uint8_t)number;
    ring->count++;
    return true;
}

bool ecs_keyring_parse(const char *name, struct ecs_str text, struct ecs_keyring *ret_ring,
                       struct ecs_faults *faults)
{
    struct ecs_keyring ring = {0};
    struct ecs_str part;
    bool good = true;

    for (unsigned line = 1; ecs_str_cut(&text, '\n', &part); line++) {
        part = ecs_str_trim(part);
        if (part.n && part.p[0] != '#')
            good = parse_line(name, line, part, &ring, faults) && good;
    }
    if (good && ring.count == 0) {
        ecs_fault_add(faults, name, 1, 1, "the key ring holds no key (make one: entitlementctl key new)");
        good = false;
    }
    if (good)
        *ret_ring = ring;
    ecs_keyring_wipe(&ring);
    return good;
}

static bool check_file_mode(const char *path, int fd, bool check_mode, struct ecs_faults *faults)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ecs_fault_add(faults, path, 0, 0, "is not a regular file");
        return false;
    }
    if (check_mode && (st.st_mode & 077) != 0) {
        ecs_fault_add(faults, path, 0, 0, "key file may be read by others: chmod 600 it");
        return false;
    }
    return true;
}

bool ecs_keyring_load(const char *path, bool check_mode, struct ecs_keyring *ret_ring,
                      struct ecs_faults *faults)
{
    char text[FILE_MAX];
    bool good = false;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        ecs_fault_add(faults, path, 0, 0, "cannot open key ring: %s", strerror(errno));
        return false;
    }
    if (check_file_mode(path, fd, check_mode, faults)) {
        n = read(fd, text, sizeof(text));
        if (n < 0 || n == (ssize_t)sizeof(text))
            ecs_fault_add(faults, path, 0, 0, "key ring cannot be read or is larger than %d bytes", FILE_MAX);
        else
            good = ecs_keyring_parse(path, (struct ecs_str){text, (size_t)n}, ret_ring, faults);
        ecs_wipe(text, sizeof(text));
    }
    close(fd);
    return good;
}

struct ecs_sealer {
    struct ecs_aead_key *by_id[256];
    uint8_t current;
};

struct ecs_sealer *ecs_sealer_new(struct ecs_crypto *crypto, const struct ecs_keyring *ring,
                                  struct ecs_str label)
{
    struct ecs_sealer *sealer = calloc(1, sizeof(*sealer));
    uint8_t key[32];

    if (!sealer)
        return NULL;
    for (unsigned i = 0; i < ring->count; i++) {
        uint8_t id = ring->keys[i].id;

        if (ecs_derive_key(crypto, ring->keys[i].key, label, key))
            sealer->by_id[id] = ecs_aead_key_new(crypto, key);
        if (!sealer->by_id[id]) {
            ecs_sealer_free(sealer);
            sealer = NULL;
            break;
        }
        sealer->current = id;
    }
    ecs_wipe(key, sizeof(key));
    return sealer;
}

void ecs_sealer_free(struct ecs_sealer *sealer)
{
    if (!sealer)
        return;
    for (unsigned i = 0; i < 256; i++)
        ecs_aead_key_free(sealer->by_id[i]);
    free(sealer);
}

struct ecs_aead_key *ecs_sealer_current(const struct ecs_sealer *sealer, uint8_t *ret_id)
{
    *ret_id = sealer->current;
    return sealer->by_id[sealer->current];
}

struct ecs_aead_key *ecs_sealer_find(const struct ecs_sealer *sealer, uint8_t id)
{
    return sealer->by_id[id];
}
