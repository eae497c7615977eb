/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with {placeholders}: check and substitution. */
#pragma once

#include "rules/rules_priv.h"

/* Whether a text may go to a user: UTF-8, length, characters, placeholders well formed
 * ({letters_and_digits}). */
bool ecs_text_check(struct ecs_str text, struct ecs_why *ret_why);
/* Whether each placeholder of text occurs in original; else the first that does not. */
bool ecs_text_placeholders_in(struct ecs_str text, struct ecs_str original, struct ecs_str *ret_missing);
/* The text with made-fit values, at most ECS_MESSAGE_MAX characters; {NULL, 0} without memory. */
struct ecs_str ecs_text_fill(struct ecs_str text, const struct ecs_substitution *values, size_t n,
                             struct ecs_arena *arena);
