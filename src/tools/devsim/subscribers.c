/* SPDX-License-Identifier: Apache-2.0 */
/* The list of subscribers for load runs, as CSV with keys: a file for laboratories, never for real customers.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

enum { LINE_MAX_N = 4096 };

static bool grow(struct ecs_load_subscribers *s, size_t *capacity)
{
    struct ecs_load_subscriber *larger;
    size_t wanted = *capacity ? *capacity * 2 : 1024;

    if (s->n < *capacity)
        return true;
    larger = realloc(s->list, wanted * sizeof(*larger));
    if (!larger)
        return false;
    s->list = larger;
    *capacity = wanted;
    return true;
}

static bool take_line(struct ecs_load_subscribers *s, struct ecs_crypto *crypto, char *line,
                      const struct ecs_sim_usim_text *common, char *err, size_t err_size)
{
    struct ecs_load_subscriber *one = &s->list[s->n];
    struct ecs_sim_usim_text text = *common;
    char *fields[4] = {line, NULL, NULL, NULL};

    for (size_t i = 1; i < ECS_ARRAY_LEN(fields) && fields[i - 1]; i++) {
        fields[i] = strchr(fields[i - 1], ',');
        if (fields[i])
            *fields[i]++ = '\0';
    }
    memset(one, 0, sizeof(*one));
    if (!fields[2]) {
        snprintf(err, err_size, "a line needs imsi,ki,opc");
        return false;
    }
    text.imsi = fields[0];
    text.ki = fields[1];
    text.opc = fields[2];
    text.op = NULL;
    text.state_file = NULL;
    if (!ecs_sim_usim_init(&one->usim, crypto, &text, err, err_size))
        return false;
    if (asprintf(&one->line, "%s,%s,%s", fields[0], fields[1], fields[2]) < 0)
        one->line = NULL;
    if (fields[3] && *fields[3])
        one->token = strdup(fields[3]);
    s->n++;
    return one->line != NULL;
}

bool ecs_load_subscribers_read(struct ecs_load_subscribers *s, struct ecs_crypto *crypto, const char *path,
                               const struct ecs_sim_usim_text *common, char *err, size_t err_size)
{
    FILE *file = fopen(path, "re");
    char line[LINE_MAX_N], why[200] = "";
    size_t capacity = 0, number = 0;
    bool good = true;

    if (!file) {
        snprintf(err, err_size, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    while (good && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (number++ == 0 && (*line < '0' || *line > '9'))
            continue;
        if (!*line)
            continue;
        good = grow(s, &capacity) && take_line(s, crypto, line, common, why, sizeof(why));
    }
    fclose(file);
    ecs_wipe(line, sizeof(line));
    if (good && s->n)
        return true;
    snprintf(err, err_size, "%s:%zu: %s", path, number, good ? "there are no subscribers" : why);
    return false;
}

bool ecs_load_subscribers_write(const struct ecs_load_subscribers *s, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good = file != NULL;

    if (!file && fd >= 0)
        close(fd);
    for (size_t i = 0; good && i < s->n; i++)
        good = fprintf(file, "%s,%s\n", s->list[i].line, s->list[i].token ? s->list[i].token : "") > 0;
    if (file && fclose(file))
        good = false;
    return good;
}

void ecs_load_subscriber_params(struct ecs_sim_params *out, const struct ecs_sim_params *user,
                                const struct ecs_load_subscriber *subscriber)
{
    const char *imsi = subscriber->usim.imsi.s;
    size_t n = strlen(imsi);
    char imei[16] = "49015420000000";
    unsigned sum = 0;

    ecs_sim_params_copy(out, user);
    if (ecs_sim_params_get(user, "terminal_id").p)
        return;
    memcpy(imei + 8, imsi + n - 6, 6);  /* an IMSI has at least six digits */
    for (unsigned i = 0; i < 14; i++) { /* Luhn */
        unsigned digit = (unsigned)(imei[i] - '0') << (i & 1);

        sum += digit / 10 + digit % 10;
    }
    imei[14] = (char)('0' + (10 - sum % 10) % 10);
    imei[15] = '\0';
    ecs_sim_params_add_cstr(out, "terminal_id", imei);
}

/* "/?IMSI=...&token=..." out of the first line of each token request. */
bool ecs_load_paths_write(struct ecs_load *load, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct ecs_sim_device *d = &load->device;
    bool good = file != NULL;

    if (!file && fd >= 0)
        close(fd);
    for (size_t i = 0; good && i < load->subscribers.n; i++) {
        struct ecs_load_subscriber *one = &load->subscribers.list[i];
        struct ecs_arena *arena = one->token ? ecs_arena_new(NULL, 0) : NULL;
        struct ecs_sim_params params, user;
        struct ecs_buf text = {0};
        struct ecs_str rest, word;

        if (!arena)
            continue;
        ecs_sim_params_init(&params, arena);
        ecs_sim_params_init(&user, arena);
        ecs_load_subscriber_params(&user, &d->params, one);
        ecs_sim_wire_params(&params, &d->wire, &user, ECS_SIM_AUTH_TOKEN, &one->usim, ecs_str_of(one->token));
        ecs_sim_wire_first(&text, &d->wire, &params, ECS_SIM_FAST, NULL);
        rest = ecs_buf_str(&text);
        good = ecs_str_cut(&rest, ' ', &word) && ecs_str_cut(&rest, ' ', &word) &&
               fprintf(file, "%.*s\n", ECS_FMT(word)) > 0;
        ecs_buf_done(&text);
        ecs_arena_free(arena);
    }
    if (file && fclose(file))
        good = false;
    return good;
}

void ecs_load_subscribers_done(struct ecs_load_subscribers *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].line)
            ecs_wipe(s->list[i].line, strlen(s->list[i].line));
        free(s->list[i].line);
        free(s->list[i].token);
        free(s->list[i].request);
    }
    if (s->n)
        ecs_wipe(s->list, s->n * sizeof(*s->list));
    free(s->list);
    *s = (struct ecs_load_subscribers){0};
}

struct ecs_load_subscriber *ecs_load_subscriber_next(struct ecs_load_subscribers *s, bool with_token)
{
    for (size_t tried = 0; tried < s->n; tried++) {
        struct ecs_load_subscriber *one = &s->list[s->next];

        s->next = s->next + 1 == s->n ? 0 : s->next + 1;
        if (with_token ? one->token != NULL : !one->busy)
            return one;
    }
    return NULL;
}
