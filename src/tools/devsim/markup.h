/* SPDX-License-Identifier: Apache-2.0 */
/* A small strict scanner for the XML that phones are sent: tags and attributes, nothing else. */
#pragma once

#include "ecs/str.h"

enum { ECS_SIM_ATTRS_MAX = 8 };

struct ecs_sim_attr {
    struct ecs_str name, raw; /* raw: between the quotes, entities still in it */
};

struct ecs_sim_tag {
    struct ecs_str name;
    struct ecs_sim_attr attrs[ECS_SIM_ATTRS_MAX];
    size_t attr_n;
    bool self_closing;
};

enum ecs_sim_markup_kind { ECS_SIM_TAG_OPEN, ECS_SIM_TAG_CLOSE, ECS_SIM_MARKUP_END, ECS_SIM_MARKUP_BAD };

struct ecs_sim_markup {
    struct ecs_str text;
    size_t at;
    const char *fault; /* with ECS_SIM_MARKUP_BAD */
    /* what well-formed XML may hold and clients dislike */
    bool has_comment, has_doctype, has_text, has_break_in_tag, has_single_quote;
};

enum ecs_sim_markup_kind ecs_sim_markup_next(struct ecs_sim_markup *markup, struct ecs_sim_tag *ret_tag);
/* {NULL, 0} when absent */
struct ecs_str ecs_sim_tag_attr(const struct ecs_sim_tag *tag, const char *name);
