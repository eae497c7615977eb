/* SPDX-License-Identifier: Apache-2.0 */
/* Small files as a whole: the configuration itself, and the secrets it points to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_priv.h"

enum {
    WHY = 256,
    PATH_BYTES = 4096,
    SECRET_BYTES = 64 * 1024,
};

static bool explain(char why[WHY], const char *what)
{
    snprintf(why, WHY, "cannot be read: %s", what);
    return false;
}

/* room: one byte more than the file may have. */
static bool read_all(int fd, char *text, size_t room, size_t *ret_n, char why[WHY])
{
    size_t n = 0;
    ssize_t got = 1;

    while (got && n < room) {
        got = read(fd, text + n, room - n);
        if (got < 0 && errno != EINTR)
            return explain(why, strerror(errno));
        n += got > 0 ? (size_t)got : 0;
    }
    if (n == room) {
        snprintf(why, WHY, "is larger than %zu KiB", (room - 1) / 1024);
        return false;
    }
    text[n] = '\0';
    *ret_n = n;
    return true;
}

static bool read_regular(int fd, size_t limit, struct ecs_str *ret_text, char why[WHY])
{
    struct stat st;
    size_t n;
    char *text;

    if (fstat(fd, &st) < 0)
        return explain(why, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return explain(why, "it is not a regular file");
    text = malloc(limit + 1);
    if (!text)
        return explain(why, "no memory");
    if (!read_all(fd, text, limit + 1, &n, why)) {
        explicit_bzero(text, limit + 1);
        free(text);
        return false;
    }
    *ret_text = (struct ecs_str){text, n};
    return true;
}

bool ecs_file_read(const char *path, size_t limit, struct ecs_str *ret_text, char why[WHY])
{
    /* Without O_NONBLOCK a pipe would hold up the start for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool good;

    if (fd < 0)
        return explain(why, strerror(errno));
    good = read_regular(fd, limit, ret_text, why);
    close(fd);
    return good;
}

void ecs_file_forget(struct ecs_str text)
{
    char *p;

    if (!text.p)
        return;
    memcpy(&p, &text.p, sizeof(p)); /* ours, see read_regular */
    explicit_bzero(p, text.n);
    free(p);
}

static bool is_credential_name(struct ecs_str name)
{
    if (!name.n || name.n > 255 || name.p[0] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '/' || (unsigned char)name.p[i] <= ' ')
            return false;
    return true;
}

bool ecs_credential_path(struct ecs_str reference, char ret_path[PATH_BYTES], char why[WHY])
{
    struct ecs_str prefix = ECS_STR("credential:"), name = reference;
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    int n;

    name.p += prefix.n;
    name.n -= prefix.n;
    if (!is_credential_name(name)) {
        snprintf(why, WHY, "credential: must be followed by the plain name of a credential");
        return false;
    }
    if (!directory || directory[0] != '/') {
        snprintf(why, WHY,
                 "credential %.*s is not available: CREDENTIALS_DIRECTORY is not set (see LoadCredential= "
                 "of systemd)",
                 name.n < 64 ? (int)name.n : 64, name.p);
        return false;
    }
    n = snprintf(ret_path, PATH_BYTES, "%s/%.*s", directory, ECS_FMT(name));
    return n > 0 && n < PATH_BYTES ? true : explain(why, "the path is too long");
}

bool ecs_secret_is_reference(struct ecs_str value)
{
    return ecs_str_starts_with(value, ECS_STR("file:")) || ecs_str_starts_with(value, ECS_STR("credential:"));
}

bool ecs_secret_read(struct ecs_str reference, struct ecs_str *ret_text, char why[WHY])
{
    char path[PATH_BYTES], reason[WHY];

    if (ecs_str_starts_with(reference, ECS_STR("credential:"))) {
        if (!ecs_credential_path(reference, path, why))
            return false;
    } else if (reference.n < 6 || reference.p[5] != '/' || reference.n - 5 >= PATH_BYTES) {
        snprintf(why, WHY, "file: must be followed by an absolute path");
        return false;
    } else {
        memcpy(path, reference.p + 5, reference.n - 5);
        path[reference.n - 5] = '\0';
    }
    if (ecs_file_read(path, SECRET_BYTES, ret_text, reason))
        return true;
    snprintf(why, WHY, "%.150s %.100s", path, reason);
    return false;
}
