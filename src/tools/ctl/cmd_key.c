/* SPDX-License-Identifier: Apache-2.0 */
/* key new: rings for tokens and subscriber keys, ticket keys for TLS. */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ecs/keyring.h"

enum { KEY_BYTES = 32, TICKET_BYTES = 64, KEY_ID_MAX = 255 };

static enum ctl_status write_all(struct ctl *ctl, const char *path, int flags, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    bool good;

    if (fd < 0)
        return ctl_fail(ctl, CTL_FAILED, "%s: %s", path,
                        errno == EEXIST ? "exists already (--force replaces it)" : strerror(errno));
    good = write(fd, bytes, n) == (ssize_t)n && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return good ? CTL_OK : ctl_fail(ctl, CTL_FAILED, "%s: cannot be written: %s", path, strerror(errno));
}

static enum ctl_status new_ticket(struct ctl *ctl, struct ecs_crypto *crypto)
{
    uint8_t bytes[TICKET_BYTES];
    enum ctl_status status;

    if (!ecs_random(crypto, bytes, sizeof(bytes)))
        return ctl_fail(ctl, CTL_FAILED, "no random bytes");
    status = write_all(ctl, ctl->arg[0], ctl_has(ctl, CTL_FORCE) ? O_TRUNC : O_EXCL, bytes, sizeof(bytes));
    ecs_wipe(bytes, sizeof(bytes));
    if (status == CTL_OK && !ctl->json)
        printf("%s: new ticket key; copy it to all nodes, then: entitlementctl reload\n", ctl->arg[0]);
    return status;
}

/* The next free id above all; 0 when there is none left. */
static unsigned next_id(const struct ecs_keyring *ring)
{
    unsigned id = 1;

    for (unsigned i = 0; i < ring->count; i++)
        if (ring->keys[i].id >= id)
            id = ring->keys[i].id + 1u;
    return id > KEY_ID_MAX ? 0 : id;
}

/* An existing ring is read first: a key behind a malformed line would be of no use. */
static enum ctl_status read_ring(struct ctl *ctl, const char *path, struct ecs_keyring *ret_ring,
                                 bool *ret_cut)
{
    struct ecs_faults faults;
    struct stat st;
    char last = '\n';
    FILE *file;

    *ret_cut = false;
    if (stat(path, &st) != 0 || st.st_size == 0)
        return CTL_OK;
    ecs_faults_init(&faults, ctl->arena);
    if (!ecs_keyring_load(path, false, ret_ring, &faults)) {
        ctl_print_faults("error", &faults);
        return ctl_fail(ctl, CTL_FAILED, "%s is no key ring; nothing was changed", path);
    }
    file = fopen(path, "re");
    if (file && fseek(file, -1, SEEK_END) == 0)
        last = (char)fgetc(file);
    if (file)
        fclose(file);
    *ret_cut = last != '\n';
    if (st.st_mode & 077)
        fprintf(stderr, "warning: %s may be read by others; the daemon refuses it in production: chmod 600\n",
                path);
    return CTL_OK;
}

static enum ctl_status new_key(struct ctl *ctl, struct ecs_crypto *crypto, struct ecs_keyring *ring)
{
    uint8_t key[KEY_BYTES];
    char hex[2 * KEY_BYTES + 1], line[128];
    bool cut;
    enum ctl_status status = read_ring(ctl, ctl->arg[0], ring, &cut);
    unsigned id = next_id(ring);
    int n;

    if (status != CTL_OK)
        return status;
    if (!id || ring->count >= ECS_KEYRING_MAX)
        return ctl_fail(ctl, CTL_FAILED, "%s is full: remove keys that nothing is sealed by any more",
                        ctl->arg[0]);
    if (!ecs_random(crypto, key, sizeof(key)))
        return ctl_fail(ctl, CTL_FAILED, "no random bytes");
    ecs_hex_encode(key, sizeof(key), hex);
    n = snprintf(line, sizeof(line), "%s%u %s\n", cut ? "\n" : "", id, hex);
    status = write_all(ctl, ctl->arg[0], O_APPEND, line, (size_t)n);
    ecs_wipe(key, sizeof(key));
    ecs_wipe(hex, sizeof(hex));
    ecs_wipe(line, sizeof(line));
    if (status == CTL_OK && !ctl->json)
        printf("%s: key %u appended; copy the file to all nodes, then: entitlementctl reload\n", ctl->arg[0],
               id);
    return status;
}

enum ctl_status ctl_key_new(struct ctl *ctl)
{
    struct ecs_crypto *crypto = ecs_crypto_new();
    struct ecs_keyring ring = {0};
    enum ctl_status status;

    if (!crypto)
        return ctl_fail(ctl, CTL_FAILED, "the cryptographic library cannot be used");
    status = ctl_has(ctl, CTL_TICKET) ? new_ticket(ctl, crypto) : new_key(ctl, crypto, &ring);
    ecs_keyring_wipe(&ring);
    ecs_crypto_free(crypto);
    return status;
}
