/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as a whole: the files of a directory, its life, its hash and what it names. */
#include "ecs/policy.h"

#include "rules/rules_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { POLICY_BYTES = 16 << 20 };

static struct ecs_policy *new_policy(struct ecs_faults *faults)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, POLICY_BYTES);
    struct ecs_policy *policy = arena ? ecs_alloc(arena, sizeof(*policy)) : NULL;

    if (!policy) {
        ecs_arena_free(arena);
        ecs_fault_add(faults, NULL, 0, 0, "no memory for the policy");
        return NULL;
    }
    policy->arena = arena;
    return policy;
}

/* Services that came later than the first release: a directory from before has no file of theirs. */
static const enum ecs_service later[] = {ECS_SERVICE_DATAPLAN, ECS_SERVICE_BILLING,  ECS_SERVICE_IDENTITY,
                                         ECS_SERVICE_SATMODE,  ECS_SERVICE_USERINFO, ECS_SERVICE_APPAUTH};

static const char no_file[] = "(no file)";

/* Decisions that are safe to look at; nobody does, as long as the application is not offered. */
static bool stand_in(struct ecs_loader *loader, const char *where, enum ecs_service service)
{
    struct ecs_ruleset *set = &loader->policy->service[service];
    struct ecs_assignment *defaults;
    enum ecs_decision first, end;
    size_t i = 0;

    while (i < ECS_ARRAY_LEN(later) && later[i] != service)
        i++;
    if (i == ECS_ARRAY_LEN(later))
        return false;
    ecs_service_range(service, &first, &end);
    defaults = ecs_alloc(loader->policy->arena, (size_t)(end - first) * sizeof(*defaults));
    if (!defaults)
        return false;
    for (unsigned d = first; d < end; d++)
        defaults[d - first] = (struct ecs_assignment){.decision = (enum ecs_decision)d, .s = ECS_STR("")};
    *set = (struct ecs_ruleset){.defaults = defaults, .file = no_file};
    if (loader->warnings)
        ecs_fault_add(loader->warnings, where, 0, 0,
                      "no file has the rules of service %s: its application cannot be offered",
                      ecs_service_name(service));
    return true;
}

bool ecs_policy_has(const struct ecs_policy *policy, enum ecs_service service)
{
    return policy->service[service].file != no_file;
}

/* The policy when no fault was added since the count, after the check that no service is missing. */
static struct ecs_policy *finish(struct ecs_loader *loader, const char *where, unsigned before)
{
    struct ecs_policy *policy = loader->policy;

    policy->hash = ecs_hash("", 0);
    for (unsigned i = 0; i < ECS_SERVICE_COUNT; i++) {
        if (!policy->service[i].file && !stand_in(loader, where, (enum ecs_service)i))
            ecs_fault_add(loader->faults, where, 0, 0, "no file has the rules of service %s",
                          ecs_service_name((enum ecs_service)i));
        policy->hash = ecs_hash_more(policy->hash, &policy->service[i].hash, sizeof(uint64_t));
    }
    if (loader->faults->count == before)
        return policy;
    ecs_policy_free(policy);
    return NULL;
}

static int is_yaml(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return entry->d_name[0] != '.' && n > 5 && !strcmp(entry->d_name + n - 5, ".yaml");
}

static void read_files(struct ecs_loader *loader, const char *dir, struct ecs_arena *scratch)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_yaml, alphasort);

    if (n < 0) {
        ecs_fault_add(loader->faults, dir, 0, 0, "cannot read the directory: %s", strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *path = ecs_printf(scratch, "%s/%s", dir, entries[i]->d_name);
        const struct ecs_yaml_node *root = path ? ecs_yaml_load(scratch, path, loader->faults) : NULL;

        if (!path)
            ecs_fault_add(loader->faults, dir, 0, 0, "the policy is too large");
        if (root)
            ecs_policy_read(loader, root);
        free(entries[i]);
    }
    free(entries);
}

/* Both arenas, or none of them. */
static bool start(struct ecs_loader *loader, struct ecs_arena **ret_scratch)
{
    loader->policy = new_policy(loader->faults);
    if (!loader->policy)
        return false;
    *ret_scratch = ecs_arena_new(NULL, POLICY_BYTES);
    if (*ret_scratch)
        return true;
    ecs_fault_add(loader->faults, NULL, 0, 0, "no memory for the policy");
    ecs_policy_free(loader->policy);
    return false;
}

struct ecs_policy *ecs_policy_load(const char *dir, struct ecs_faults *faults, struct ecs_faults *warnings)
{
    struct ecs_loader loader = {.faults = faults, .warnings = warnings};
    unsigned before = faults->count;
    struct ecs_arena *scratch;

    if (!start(&loader, &scratch))
        return NULL;
    read_files(&loader, dir, scratch);
    ecs_arena_free(scratch);
    return finish(&loader, dir, before);
}

struct ecs_policy *ecs_policy_load_texts(const struct ecs_policy_source *sources, size_t n,
                                         struct ecs_faults *faults, struct ecs_faults *warnings)
{
    struct ecs_loader loader = {.faults = faults, .warnings = warnings};
    unsigned before = faults->count;
    struct ecs_arena *scratch;

    if (!start(&loader, &scratch))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const struct ecs_yaml_node *root = ecs_yaml_parse(scratch, sources[i].name, sources[i].text, faults);

        if (root)
            ecs_policy_read(&loader, root);
    }
    ecs_arena_free(scratch);
    return finish(&loader, NULL, before);
}

void ecs_policy_free(struct ecs_policy *policy)
{
    if (policy)
        ecs_arena_free(policy->arena);
}

uint64_t ecs_policy_hash(const struct ecs_policy *policy)
{
    return policy->hash;
}

bool ecs_policy_uses(const struct ecs_policy *policy, enum ecs_fact fact)
{
    return policy->uses[fact];
}

struct text_walk {
    enum ecs_type type;
    int decision; /* -1: all of the type */
    void (*fn)(void *arg, struct ecs_str text, const char *file, unsigned line);
    void *arg;
};

static void name_texts(const struct text_walk *walk, const struct ecs_assignment *set, unsigned n,
                       const char *file, unsigned line)
{
    for (unsigned i = 0; i < n; i++)
        if (ecs_decision_type(set[i].decision) == walk->type && set[i].s.n &&
            (walk->decision < 0 || (int)set[i].decision == walk->decision) &&
            !(walk->type == ECS_TYPE_MESSAGE && ecs_str_eq(set[i].s, ECS_STR("notice"))))
            walk->fn(walk->arg, set[i].s, file, line);
}

static void walk_texts(const struct ecs_policy *policy, const struct text_walk *walk)
{
    for (unsigned i = 0; i < ECS_SERVICE_COUNT; i++) {
        const struct ecs_ruleset *set = &policy->service[i];
        enum ecs_decision first, end;

        ecs_service_range((enum ecs_service)i, &first, &end);
        for (unsigned k = 0; k < set->n_rules; k++)
            name_texts(walk, set->rules[k].set, set->rules[k].n_set, set->file, set->rules[k].line);
        name_texts(walk, set->defaults, end - first, set->file, set->default_line);
    }
}

void ecs_policy_texts(const struct ecs_policy *policy, enum ecs_type type,
                      void (*fn)(void *arg, struct ecs_str text, const char *file, unsigned line), void *arg)
{
    const struct text_walk walk = {type, -1, fn, arg};

    walk_texts(policy, &walk);
}

void ecs_policy_texts_of(const struct ecs_policy *policy, enum ecs_decision decision,
                         void (*fn)(void *arg, struct ecs_str text, const char *file, unsigned line),
                         void *arg)
{
    const struct text_walk walk = {ecs_decision_type(decision), (int)decision, fn, arg};

    walk_texts(policy, &walk);
}

void ecs_policy_values_of(const struct ecs_policy *policy, enum ecs_decision decision,
                          void (*fn)(void *arg, struct ecs_str text, int64_t number, const char *file,
                                     unsigned line),
                          void *arg)
{
    for (unsigned i = 0; i < ECS_SERVICE_COUNT; i++) {
        const struct ecs_ruleset *set = &policy->service[i];
        enum ecs_decision first, end;

        ecs_service_range((enum ecs_service)i, &first, &end);
        if (decision < first || decision >= end)
            continue;
        for (unsigned k = 0; k < set->n_rules; k++)
            for (unsigned m = 0; m < set->rules[k].n_set; m++)
                if (set->rules[k].set[m].decision == decision)
                    fn(arg, set->rules[k].set[m].s, set->rules[k].set[m].i, set->file, set->rules[k].line);
        fn(arg, set->defaults[decision - first].s, set->defaults[decision - first].i, set->file,
           set->default_line);
    }
}
