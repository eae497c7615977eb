/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a RADIUS client can go on under a configuration that was read again: everything in it is the same,
 * and so are the files of TLS. A client that goes on keeps connections and what it knows of dead servers. */
#include <string.h>
#include <sys/stat.h>

#include "net/radius_priv.h"

static void add_text(struct ecs_buf *buf, struct ecs_str text)
{
    ecs_buf_add(buf, &text.n, sizeof(text.n));
    if (text.n)
        ecs_buf_add_str(buf, text);
}

static void add_name(struct ecs_buf *buf, const char *text)
{
    ecs_buf_add_char(buf, text ? 'T' : 'N');
    add_text(buf, text ? ecs_str_of(text) : ECS_STR_NULL);
}

/* A certificate is often renewed under its name. */
static void add_file(struct ecs_buf *buf, const char *path)
{
    struct stat st;

    add_name(buf, path);
    if (!path || stat(path, &st))
        return;
    ecs_buf_add(buf, &st.st_dev, sizeof(st.st_dev));
    ecs_buf_add(buf, &st.st_ino, sizeof(st.st_ino));
    ecs_buf_add(buf, &st.st_size, sizeof(st.st_size));
    ecs_buf_add(buf, &st.st_mtim.tv_sec, sizeof(st.st_mtim.tv_sec));
    ecs_buf_add(buf, &st.st_mtim.tv_nsec, sizeof(st.st_mtim.tv_nsec));
}

static void add_server(struct ecs_buf *buf, const struct ecs_radius_server_conf *s)
{
    const uint32_t numbers[] = {s->port, s->short_secret, s->tls, s->priority, s->max_in_flight};

    add_name(buf, s->name);
    add_name(buf, s->host);
    add_text(buf, s->secret);
    ecs_buf_add(buf, numbers, sizeof(numbers));
    add_file(buf, s->ca_file);
    add_file(buf, s->cert_file);
    add_file(buf, s->key_file);
    add_name(buf, s->tls_name);
    ecs_buf_add(buf, &s->stats, sizeof(s->stats));
}

bool rad_print_conf(struct ecs_crypto *crypto, const struct ecs_radius_conf *conf,
                    uint8_t ret_print[RAD_PRINT])
{
    const uint32_t numbers[] = {(uint32_t)conf->use, conf->first_ms,   conf->sends,
                                conf->total_ms,      conf->dead_after, conf->dead_ms,
                                conf->status_server, conf->probe_ms,   conf->probe_answers};
    struct ecs_buf buf = {0};
    struct ecs_str bytes;
    bool good;

    ecs_buf_add(&buf, numbers, sizeof(numbers));
    add_name(&buf, conf->local_address);
    add_name(&buf, conf->nas_identifier);
    for (size_t i = 0; i < conf->servers_n; i++)
        add_server(&buf, &conf->servers[i]);
    bytes = ecs_buf_str(&buf);
    good = !buf.overflow && ecs_digest(crypto, ECS_DIGEST_SHA256, &bytes, 1, ret_print);
    if (buf.p)
        ecs_wipe(buf.p, buf.cap); /* secrets */
    ecs_buf_done(&buf);
    return good;
}

struct ecs_radius *ecs_radius_again(struct ecs_radius *former, const struct ecs_radius_conf *conf)
{
    uint8_t print[RAD_PRINT];

    if (!former || former->freed || !rad_print_conf(former->crypto, conf, print) ||
        memcmp(print, former->print, sizeof(print)) != 0)
        return NULL;
    former->refs++;
    return former;
}
