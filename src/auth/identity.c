/* SPDX-License-Identifier: Apache-2.0 */
/* Settings and keys of EAP-AKA' and of encrypted identities. */
#include "ecs/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ecs/crypto.h"
#include "ecs/eap_server.h"

enum { FILE_MAX = 16384, KEYS_MAX = 16 /* each may be tried for one request */ };

static const char *const hash_names[] = {"sha256", "sha1", "both", NULL};

const struct ecs_setting ecs_identity_settings[] = {
    {ECS_KEY(BOOL, "aka_prime", struct ecs_identity_conf, aka_prime), .def = "false",
     .help = "Serve EAP-AKA' (identities that begin with 6) beside EAP-AKA. Off: such phones get 511 and use "
             "another "
             "method."},
    {ECS_KEY(STRING, "network", struct ecs_identity_conf, network), .def = "WLAN", .min = 1,
     .max = ECS_EAP_NETWORK_MAX,
     .help = "Name of the access network that the keys of EAP-AKA' are bound to (TS 24.302 8.1.1)."},
    {ECS_KEY(ENUM, "mask_hash", struct ecs_identity_conf, mask_hash), .def = "sha256", .names = hash_names,
     .help =
         "Hash of the mask of RSA-OAEP in encrypted identities; sha1 for phones that follow a Java default."},
    {0},
};

const struct ecs_setting ecs_identity_key_settings[] = {
    {ECS_KEY(PATH, "file", struct ecs_identity_key_conf, file),
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_FILE_MUST_EXIST,
     .help = "RSA private key in PEM form, 2048 to 4096 bits; its public half is in the phones' carrier "
             "settings."},
    {ECS_KEY(STRING, "identifier", struct ecs_identity_key_conf, identifier), .def = "",
     .max = ECS_PRIVACY_KEY_ID_MAX,
     .help = "Key identifier that phones append, \"Name=value\". Empty: they append none; then every key is "
             "tried."},
    {0},
};

struct ecs_identity_keys {
    size_t n;
    struct ecs_privacy_key *key[];
};

/* The whole file; false with a fault. */
static bool read_file(const char *path, bool strict, char text[FILE_MAX], size_t *ret_n,
                      struct ecs_faults *faults)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0) {
        ecs_fault_add(faults, path, 0, 0, "cannot open the key: %s", strerror(errno));
        return false;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        ecs_fault_add(faults, path, 0, 0, "is not a regular file");
    else if (strict && (st.st_mode & 077) != 0)
        ecs_fault_add(faults, path, 0, 0, "key file may be read by others: chmod 600 it");
    else if ((n = read(fd, text, FILE_MAX)) < 0 || n == FILE_MAX) {
        ecs_fault_add(faults, path, 0, 0, "the key cannot be read, or is larger than %d bytes", FILE_MAX);
        n = -1;
    }
    close(fd);
    *ret_n = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

static struct ecs_privacy_key *load_key(const struct ecs_identity_key_conf *row, bool strict,
                                        struct ecs_faults *faults)
{
    struct ecs_privacy_key *key = NULL;
    char text[FILE_MAX], err[128];
    size_t n;

    if (!read_file(row->file, strict, text, &n, faults))
        return NULL;
    key = ecs_privacy_key_load((struct ecs_str){text, n}, ecs_str_of(row->identifier), err, sizeof(err));
    ecs_wipe(text, sizeof(text));
    if (!key)
        ecs_fault_add(faults, row->file, 0, 0, "%s", err);
    return key;
}

struct ecs_identity_keys *ecs_identity_keys_load(const struct ecs_identity_key_conf *rows, size_t n,
                                                 bool strict, struct ecs_faults *faults)
{
    struct ecs_identity_keys *keys = n ? calloc(1, sizeof(*keys) + n * sizeof(keys->key[0])) : NULL;
    bool good = keys != NULL;

    if (n && !keys)
        ecs_fault_add(faults, rows[0].file, 0, 0, "out of memory");
    if (n > KEYS_MAX) {
        ecs_fault_add(faults, rows[KEYS_MAX].file, 0, 0, "identity_keys: at most %d", KEYS_MAX);
        free(keys);
        return NULL;
    }
    for (size_t i = 0; keys && i < n; i++) {
        keys->key[keys->n] = load_key(&rows[i], strict, faults);
        if (keys->key[keys->n])
            keys->n++;
        else
            good = false;
    }
    if (good)
        return keys;
    ecs_identity_keys_free(keys);
    return NULL;
}

void ecs_identity_keys_free(struct ecs_identity_keys *keys)
{
    for (size_t i = 0; keys && i < keys->n; i++)
        ecs_privacy_key_free(keys->key[i]);
    free(keys);
}

enum ecs_rc ecs_identity_open(const struct ecs_identity_keys *keys, const struct ecs_identity_conf *conf,
                              const struct ecs_eap_id *id, char out[ECS_EAP_NAI_MAX + 1], size_t *ret_n)
{
    if (!keys)
        return ECS_E_AUTH_NEEDED;
    return ecs_privacy_open((const struct ecs_privacy_key *const *)keys->key, keys->n,
                            (enum ecs_privacy_mgf)conf->mask_hash, id, out, ret_n);
}
