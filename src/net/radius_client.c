/* SPDX-License-Identifier: Apache-2.0 */
/* The RADIUS client as a whole: its configuration, its servers and its end. */
#include "ecs/radius_client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/radius_priv.h"

enum {
    PORT_AUTHENTICATION = 1812,
    PORT_ACCOUNTING = 1813,
    PORT_TLS = 2083,
    IN_FLIGHT = 256,
    SENDS = 2,
    TOTAL_MS = 18000,
    DEAD_AFTER = 3,
    DEAD_MS = 30000,
    PROBE_MS = 10000,
    PROBE_ANSWERS = 2,
};

/* ---- servers ---- */

static void free_server(struct rad_server *server)
{
    if (!server)
        return;
    ecs_radius_secret_free(server->secret);
    ecs_tls_client_ctx_free(server->tls);
    free((char *)server->conf.host);
    free((char *)server->conf.tls_name);
    free(server);
}

static uint16_t usual_port(const struct ecs_radius *radius, bool tls)
{
    if (tls)
        return PORT_TLS;
    return radius->conf.use == ECS_RADIUS_ACCOUNTING ? PORT_ACCOUNTING : PORT_AUTHENTICATION;
}

static bool is_known_name(const struct ecs_radius *radius, const char *name)
{
    for (size_t i = 0; i < radius->servers_n; i++)
        if (strcmp(radius->servers[i]->name, name) == 0)
            return true;
    return false;
}

/* A sentence about what cannot be, NULL when all can. */
static const char *find_fault(const struct ecs_radius *radius, const struct ecs_radius_server_conf *conf)
{
    if (!conf->name || !conf->name[0] || strlen(conf->name) >= ECS_RADIUS_NAME)
        return "it needs a name, below 64 bytes";
    if (is_known_name(radius, conf->name))
        return "its name is there twice";
    if (!conf->host || !conf->host[0] || strlen(conf->host) > 255)
        return "it needs a host, at most 255 bytes";
    if (!conf->tls && conf->secret.n == 0)
        return "it needs a secret";
    if (!conf->tls && !conf->short_secret && conf->secret.n < ECS_RADIUS_SECRET_MIN)
        return "its secret is below 16 bytes";
    return NULL;
}

static bool open_tls(struct rad_server *server, const struct ecs_radius_server_conf *conf, char *err,
                     size_t err_size)
{
    struct ecs_tls_client_conf tls = {
        .ca_file = conf->ca_file, .cert_file = conf->cert_file, .key_file = conf->key_file};
    char why[200];

    if (!conf->tls)
        return true;
    server->tls = ecs_tls_client_ctx_new(&tls, why, sizeof(why));
    if (!server->tls)
        snprintf(err, err_size, "RADIUS server %s: %s", server->name, why);
    return server->tls;
}

/* Strings of the configuration that are needed later become ours. */
static bool copy_conf(struct rad_server *server, const struct ecs_radius_server_conf *conf)
{
    const struct ecs_radius *radius = server->radius;
    struct ecs_str secret = conf->secret;

    if (conf->tls && secret.n == 0)
        secret = ECS_STR("radsec");
    server->conf = (struct ecs_radius_server_conf){.name = server->name, .priority = conf->priority};
    server->conf.tls = conf->tls;
    server->conf.port = conf->port ? conf->port : usual_port(radius, conf->tls);
    server->conf.max_in_flight = conf->max_in_flight ? conf->max_in_flight : IN_FLIGHT;
    server->conf.host = strdup(conf->host);
    server->conf.tls_name = conf->tls_name ? strdup(conf->tls_name) : NULL;
    server->secret = ecs_radius_secret_new(secret);
    return server->conf.host && (!conf->tls_name || server->conf.tls_name) && server->secret;
}

static bool add_server(struct ecs_radius *radius, const struct ecs_radius_server_conf *conf, char *err,
                       size_t err_size)
{
    const char *fault = find_fault(radius, conf);
    struct rad_server *server;

    if (fault) {
        snprintf(err, err_size, "RADIUS server %.64s: %s", conf->name ? conf->name : "", fault);
        return false;
    }
    server = calloc(1, sizeof(*server));
    if (!server) {
        snprintf(err, err_size, "RADIUS: no memory");
        return false;
    }
    server->radius = radius;
    server->place = (unsigned)radius->servers_n;
    server->stats = conf->stats ? conf->stats : &server->own;
    snprintf(server->name, sizeof(server->name), "%s", conf->name);
    if (!copy_conf(server, conf)) {
        snprintf(err, err_size, "RADIUS server %s: no memory, or libcrypto has no MD5 (FIPS mode)",
                 server->name);
        free_server(server);
        return false;
    }
    if (!open_tls(server, conf, err, err_size)) {
        free_server(server);
        return false;
    }
    radius->servers[radius->servers_n++] = server;
    return true;
}

/* ---- the whole ---- */

static void destroy(struct ecs_radius *radius)
{
    for (size_t i = 0; i < radius->servers_n; i++) {
        rad_server_close(radius->servers[i]);
        free_server(radius->servers[i]);
    }
    ecs_crypto_free(radius->crypto);
    ecs_buf_done(&radius->out);
    ecs_buf_done(&radius->extra);
    free(radius->nas_identifier);
    free(radius);
}

void rad_enter(struct ecs_radius *radius)
{
    radius->busy++;
}

void rad_leave(struct ecs_radius *radius)
{
    if (--radius->busy == 0 && radius->freed && radius->asks_n == 0)
        destroy(radius);
}

static uint32_t or_usual(uint32_t value, uint32_t usual)
{
    return value ? value : usual;
}

static void copy_numbers(struct ecs_radius *radius, const struct ecs_radius_conf *conf)
{
    radius->conf = (struct ecs_radius_conf){.use = conf->use, .status_server = conf->status_server};
    radius->conf.first_ms = or_usual(conf->first_ms, RAD_FIRST_MS);
    radius->conf.sends = or_usual(conf->sends, SENDS);
    radius->conf.total_ms = or_usual(conf->total_ms, TOTAL_MS);
    radius->conf.dead_after = or_usual(conf->dead_after, DEAD_AFTER);
    radius->conf.dead_ms = or_usual(conf->dead_ms, DEAD_MS);
    radius->conf.probe_ms = or_usual(conf->probe_ms, PROBE_MS);
    radius->conf.probe_answers = or_usual(conf->probe_answers, PROBE_ANSWERS);
}

static bool parse_local(struct ecs_radius *radius, const char *text)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&radius->local;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&radius->local;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        radius->local_n = sizeof(*v4);
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        radius->local_n = sizeof(*v6);
    }
    return radius->local_n > 0;
}

static bool fill(struct ecs_radius *radius, const struct ecs_radius_conf *conf, char *err, size_t err_size)
{
    copy_numbers(radius, conf);
    radius->crypto = ecs_crypto_new();
    radius->nas_identifier = conf->nas_identifier ? strdup(conf->nas_identifier) : NULL;
    if (!radius->crypto || (conf->nas_identifier && !radius->nas_identifier) ||
        !rad_print_conf(radius->crypto, conf, radius->print)) {
        snprintf(err, err_size, "RADIUS: no memory");
        return false;
    }
    if (conf->nas_identifier &&
        (!conf->nas_identifier[0] || strlen(conf->nas_identifier) > ECS_RADIUS_VALUE_MAX)) {
        snprintf(err, err_size, "RADIUS: the NAS identifier must have 1 to 253 bytes");
        return false;
    }
    if (conf->local_address && !parse_local(radius, conf->local_address)) {
        snprintf(err, err_size, "RADIUS: the local address is not a numeric address");
        return false;
    }
    if (conf->servers_n == 0 || conf->servers_n > ECS_RADIUS_SERVERS) {
        snprintf(err, err_size, "RADIUS: there must be 1 to %d servers", ECS_RADIUS_SERVERS);
        return false;
    }
    for (size_t i = 0; i < conf->servers_n; i++)
        if (!add_server(radius, &conf->servers[i], err, err_size))
            return false;
    return true;
}

struct ecs_radius *ecs_radius_new(struct ecs_loop *loop, const struct ecs_radius_conf *conf, char *err,
                                  size_t err_size)
{
    struct ecs_radius *radius = calloc(1, sizeof(*radius));

    if (!radius) {
        snprintf(err, err_size, "RADIUS: no memory");
        return NULL;
    }
    radius->loop = loop;
    radius->refs = 1;
    if (!fill(radius, conf, err, err_size)) {
        destroy(radius);
        return NULL;
    }
    for (size_t i = 0; i < radius->servers_n; i++)
        rad_server_open(radius->servers[i]);
    return radius;
}

void ecs_radius_free(struct ecs_radius *radius)
{
    if (!radius || --radius->refs)
        return;
    rad_enter(radius);
    radius->freed = true;
    rad_leave(radius);
}

/* ---- questions about it ---- */

static bool is_this_host(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

const char *ecs_radius_server_doubt(const struct ecs_radius_server_conf *server)
{
    if (server->tls)
        return NULL;
    if (server->secret.n < ECS_RADIUS_SECRET_MIN)
        return "its secret is below 16 bytes and can be guessed from one recorded packet";
    if (!is_this_host(server->host))
        return "RADIUS over UDP is not encrypted: use tls, or a tunnel (IPsec, WireGuard) to this server";
    return NULL;
}

bool ecs_radius_is_up(const struct ecs_radius *radius)
{
    bool trial;

    for (size_t i = 0; i < radius->servers_n; i++)
        if (rad_server_takes(radius->servers[i], &trial))
            return true;
    return false;
}

static void view(const struct rad_server *server, struct ecs_radius_view *out)
{
    *out = (struct ecs_radius_view){.tls = server->conf.tls,
                                    .dead = server->is_dead,
                                    .answers_status = server->answers_status,
                                    .in_flight = server->in_flight,
                                    .sockets = server->links_n,
                                    .repetitions = server->repetitions,
                                    .failovers = server->failovers,
                                    .discarded = server->discarded,
                                    .state_s = (ecs_clock_mono_us() - server->state_since_us) / 1000000};
    out->connected = !server->conf.tls && server->address_n > 0;
    for (const struct rad_link *link = server->links; link && server->conf.tls; link = link->next)
        out->connected = out->connected || link->is_up;
    memcpy(out->name, server->name, sizeof(out->name));
    memcpy(out->reason, server->reason, sizeof(out->reason));
}

size_t ecs_radius_view(const struct ecs_radius *radius, struct ecs_radius_view *out, size_t max)
{
    for (size_t i = 0; i < radius->servers_n && i < max; i++)
        view(radius->servers[i], &out[i]);
    return radius->servers_n;
}
