/* SPDX-License-Identifier: Apache-2.0 */
/* Catalogues of texts for users, one file per language. Texts are fit for XML attributes and for clients that
 * do not decode entities (clients.md C-34): at most 255 characters, no < > " ' and no control characters. */
#pragma once

#include "ecs/rules.h"

struct ecs_faults; /* ecs/yaml.h */
struct ecs_messages;

#define ECS_MESSAGE_MAX 255 /* characters, also after substitution */

/* All <language>.yaml files of the directory ("language: de" and "messages:" with key: text).
 * default_language must be among them. NULL with at least one fault recorded when anything is wrong; a key
 * that a translation lacks is a warning (warnings may be NULL) and answered in the default language. A
 * translation must not name keys or {placeholders} that the default language does not have. Immutable, usable
 * by all threads. */
struct ecs_messages *ecs_messages_load(const char *dir, const char *default_language,
                                       struct ecs_faults *faults, struct ecs_faults *warnings);
void ecs_messages_free(struct ecs_messages *messages); /* NULL is allowed */

/* Languages in lower case, the default one first; for the match with Accept-Language. */
const struct ecs_str *ecs_messages_languages(const struct ecs_messages *messages, size_t *ret_n);
bool ecs_message_exists(const struct ecs_messages *messages, struct ecs_str key);

/* Text of the key with {placeholders} replaced; one without value becomes nothing. Values are made fit as the
 * texts are: quotes become typographic, < > and control characters vanish, invalid UTF-8 makes the value
 * empty; the result is cut at 255 characters. An unknown key is an empty text (TS.43 3.1.6: the device then
 * shows its own). Without placeholders the text of the catalogue is given, else memory of the arena; {NULL,
 * 0} when that is exhausted. */
struct ecs_str ecs_message(const struct ecs_messages *messages, size_t language, struct ecs_str key,
                           const struct ecs_substitution *values, size_t n, struct ecs_arena *arena);

/* Every key that the policy names must exist: records a fault for each that does not; false when there was
 * one. */
bool ecs_messages_check_policy(const struct ecs_messages *messages, const struct ecs_policy *policy,
                               struct ecs_faults *faults);
