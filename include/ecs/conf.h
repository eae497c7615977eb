/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as an immutable snapshot: load, share between threads, compare, print. */
#pragma once

#include "ecs/buf.h"
#include "ecs/setting.h"

struct ecs_conf;

/* Reads and checks the whole file against the sections (an array that ends with name NULL and outlives the
 * snapshot). NULL with all faults of the file, not only the first, each with its place. Reads files: for
 * start, reload and tools, not for a worker thread. The result has one reference. */
struct ecs_conf *ecs_conf_load(const char *path, const struct ecs_section *sections,
                               struct ecs_faults *faults);
/* As ecs_conf_load for text in memory; name stands for the path in faults. */
struct ecs_conf *ecs_conf_parse(const char *name, struct ecs_str text, const struct ecs_section *sections,
                                struct ecs_faults *faults);

/* From any thread. The last unref wipes the secrets and frees; NULL is allowed. */
struct ecs_conf *ecs_conf_ref(struct ecs_conf *conf);
void ecs_conf_unref(struct ecs_conf *conf);

/* The section's struct, which lives as long as the snapshot. NULL for an unknown name, a list, or an optional
 * section that the file leaves out. */
const void *ecs_conf_get(const struct ecs_conf *conf, const char *name);
/* Entry 0 of n structs that lie one behind the other (the section's size apart); NULL and 0 for an empty
 * list. */
const void *ecs_conf_list(const struct ecs_conf *conf, const char *name, size_t *ret_n);

/* Names of changed settings that need a restart, in file order of the sections: "http.listen",
 * "peers[2].host" (entries count from 1), "peers" when entries were added or taken away, "radius" when an
 * optional section came or went. Both snapshots must stem from the same sections. Values are not named: they
 * may be secrets. */
struct ecs_str_list ecs_conf_restart_diff(const struct ecs_conf *before, const struct ecs_conf *after,
                                          struct ecs_arena *arena);
/* The effective values as a file that could be loaded again, secrets hidden. */
void ecs_conf_dump(const struct ecs_conf *conf, struct ecs_buf *buf);

/* The sample file: each setting commented out with its default, unit, range and meaning. */
void ecs_conf_write_sample(const struct ecs_section *sections, struct ecs_buf *buf);
/* The tables of docs/configuration.md: one heading and table per section. */
void ecs_conf_write_manual(const struct ecs_section *sections, struct ecs_buf *buf);

/* Faults of the tables themselves: a default that is refused, keys that stand twice, fields outside of the
 * struct, missing help. For unit tests of modules that own rows; true when there are none. */
bool ecs_conf_check_tables(const struct ecs_section *sections, struct ecs_faults *faults);
