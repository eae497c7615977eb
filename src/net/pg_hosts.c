/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of a connection string. libpq resolves names inside PQconnectStart, which would stop the loop; so
 * names are resolved by a helper thread, and libpq gets every address as an entry of its own with hostaddr.
 * Each attempt starts one host further, so that a silent first host does not use up every attempt. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pg_int.h"

struct pg_resolve {
    atomic_int users; /* the pool and the thread */
    int fd;
    unsigned n;
    char *name[PG_HOSTS_MAX];
    unsigned count[PG_HOSTS_MAX];
    char addr[PG_HOSTS_MAX][PG_ADDRS_MAX][INET6_ADDRSTRLEN];
};

static const char *option(const struct pg_hosts *hosts, const char *keyword)
{
    for (const PQconninfoOption *o = hosts->options; o->keyword; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            return o->val && *o->val ? o->val : NULL;
    }
    return NULL;
}

/* The i-th part of a comma list, "" behind its end; a list of one part counts for all when repeat is set. */
static char *list_part(const char *list, unsigned i, bool repeat)
{
    if (list && repeat && !strchr(list, ','))
        return strdup(list);
    while (list && i-- > 0) {
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return list ? strndup(list, strcspn(list, ",")) : strdup("");
}

static bool is_name(const char *host, const char *addr)
{
    unsigned char bytes[16];

    return *host && !*addr && *host != '/' && *host != '@' && inet_pton(AF_INET, host, bytes) != 1 &&
           inet_pton(AF_INET6, host, bytes) != 1;
}

static unsigned list_length(const char *list)
{
    unsigned n = list ? 1 : 0;

    for (; list && *list; list++)
        n += *list == ',';
    return n;
}

static bool split_hosts(struct pg_hosts *hosts, char error[256])
{
    const char *names = option(hosts, "host"), *addrs = option(hosts, "hostaddr"),
               *ports = option(hosts, "port");
    unsigned n = list_length(addrs ? addrs : names);

    if (n > PG_HOSTS_MAX) {
        snprintf(error, 256, "at most %d hosts are possible", PG_HOSTS_MAX);
        return false;
    }
    if ((names && addrs && list_length(names) != n) || (list_length(ports) > 1 && list_length(ports) != n)) {
        snprintf(error, 256, "host, hostaddr and port lists differ in length");
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        hosts->host[i].host = list_part(names, i, false);
        hosts->host[i].addr = list_part(addrs, i, false);
        hosts->host[i].port = list_part(ports, i, true);
        hosts->n = i + 1;
        if (!hosts->host[i].host || !hosts->host[i].addr || !hosts->host[i].port) {
            snprintf(error, 256, "out of memory");
            return false;
        }
        hosts->host[i].is_name = is_name(hosts->host[i].host, hosts->host[i].addr);
        hosts->needs_dns = hosts->needs_dns || hosts->host[i].is_name;
    }
    return true;
}

bool pg_hosts_parse(const char *conninfo, struct pg_hosts *ret_hosts, char error[256])
{
    char *why = NULL;
    struct pg_hosts hosts = {.options = PQconninfoParse(conninfo, &why)};

    if (!hosts.options) {
        /* libpq's text can quote the string, and with it a password. */
        snprintf(error, 256, "the connection string is malformed");
        PQfreemem(why);
        return false;
    }
    if (!split_hosts(&hosts, error)) {
        pg_hosts_done(&hosts);
        return false;
    }
    *ret_hosts = hosts;
    return true;
}

void pg_hosts_done(struct pg_hosts *hosts)
{
    for (unsigned i = 0; i < hosts->n; i++) {
        free(hosts->host[i].host);
        free(hosts->host[i].addr);
        free(hosts->host[i].port);
    }
    PQconninfoFree(hosts->options);
    *hosts = (struct pg_hosts){0};
}

/* Fills the three comma lists; false when nothing is left to try. */
static bool build_lists(const struct pg_hosts *hosts, const struct pg_resolve *resolved, unsigned turn,
                        struct ecs_buf lists[3])
{
    unsigned entries = 0;

    for (unsigned k = 0; k < hosts->n; k++) {
        unsigned i = (k + turn) % hosts->n;
        unsigned addresses = hosts->host[i].is_name ? (resolved ? resolved->count[i] : 0) : 1;

        for (unsigned a = 0; a < addresses; a++) {
            const char *addr = hosts->host[i].is_name ? resolved->addr[i][a] : hosts->host[i].addr;
            const char *part[3] = {hosts->host[i].host, addr, hosts->host[i].port};

            for (unsigned l = 0; l < 3; l++) {
                if (entries > 0)
                    ecs_buf_add_char(&lists[l], ',');
                ecs_buf_add_cstr(&lists[l], part[l]);
            }
            entries++;
        }
    }
    for (unsigned l = 0; l < 3; l++) {
        ecs_buf_add(&lists[l], "", 1);
        if (lists[l].overflow)
            return false;
    }
    return entries > 0;
}

PGconn *pg_hosts_connect(const struct pg_hosts *hosts, const struct pg_resolve *resolved, unsigned turn)
{
    const char *keywords[64], *values[64];
    struct ecs_buf lists[3] = {{0}, {0}, {0}};
    static const char *const list_names[3] = {"host", "hostaddr", "port"};
    PGconn *c = NULL;
    unsigned n = 0;

    if (hosts->n > 0 && !build_lists(hosts, resolved, turn, lists))
        goto out;
    for (const PQconninfoOption *o = hosts->options; o->keyword && n < 60; o++) {
        bool is_list =
            !strcmp(o->keyword, "host") || !strcmp(o->keyword, "hostaddr") || !strcmp(o->keyword, "port");

        if (!o->val || (is_list && hosts->n > 0))
            continue;
        keywords[n] = o->keyword;
        values[n++] = o->val;
    }
    for (unsigned l = 0; hosts->n > 0 && l < 3; l++) {
        if (strspn(lists[l].p, ",") == strlen(lists[l].p))
            continue; /* nothing given: libpq's default, as one value for all hosts */
        keywords[n] = list_names[l];
        values[n++] = lists[l].p;
    }
    keywords[n] = values[n] = NULL;
    c = PQconnectStartParams(keywords, values, 0);
out:
    for (unsigned l = 0; l < 3; l++)
        ecs_buf_done(&lists[l]);
    return c;
}

static void release(struct pg_resolve *r)
{
    if (atomic_fetch_sub(&r->users, 1) != 1)
        return;
    for (unsigned i = 0; i < r->n; i++)
        free(r->name[i]);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}

static void resolve_one(struct pg_resolve *r, unsigned i)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;

    if (getaddrinfo(r->name[i], NULL, &hints, &list) != 0)
        return;
    for (struct addrinfo *a = list; a && r->count[i] < PG_ADDRS_MAX; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, r->addr[i][r->count[i]], INET6_ADDRSTRLEN, NULL, 0,
                        NI_NUMERICHOST) == 0)
            r->count[i]++;
    }
    freeaddrinfo(list);
}

static void *resolve_thread(void *arg)
{
    struct pg_resolve *r = arg;
    uint64_t one = 1;

    for (unsigned i = 0; i < r->n; i++) {
        if (r->name[i])
            resolve_one(r, i);
    }
    while (write(r->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    release(r);
    return NULL;
}

struct pg_resolve *pg_resolve_start(const struct pg_hosts *hosts)
{
    struct pg_resolve *r = calloc(1, sizeof(*r));
    pthread_t thread;
    bool complete = r != NULL;

    if (!r)
        return NULL;
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->n = hosts->n;
    atomic_store(&r->users, 2);
    for (unsigned i = 0; i < hosts->n; i++) {
        r->name[i] = hosts->host[i].is_name ? strdup(hosts->host[i].host) : NULL;
        complete = complete && (r->name[i] || !hosts->host[i].is_name);
    }
    if (!complete || r->fd < 0 || pthread_create(&thread, NULL, resolve_thread, r) != 0) {
        atomic_store(&r->users, 1);
        release(r);
        return NULL;
    }
    pthread_detach(thread);
    return r;
}

int pg_resolve_fd(const struct pg_resolve *resolve)
{
    return resolve->fd;
}

void pg_resolve_free(struct pg_resolve *resolve)
{
    if (resolve)
        release(resolve);
}
