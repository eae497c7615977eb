/* SPDX-License-Identifier: Apache-2.0 */
/* An entitlement document as a flat list of values with paths: "VERS/version", "TOKEN/token",
 * "ap2004/EntitlementStatus", "ap2003/VoiceOverCellularEntitleInfo/RATVoiceEntitleInfoDetails[1]/AccessType".
 * The first of equal siblings has no number, the second is "[1]". XML and JSON give the same paths. */
#pragma once

#include "report.h"

struct ecs_sim_value {
    struct ecs_sim_value *next;
    struct ecs_str path;  /* complete */
    struct ecs_str name;  /* the last part */
    struct ecs_str value; /* entities resolved */
    struct ecs_str raw;   /* XML: as transmitted */
    bool is_text;         /* JSON: was a string */
};

struct ecs_sim_document {
    struct ecs_sim_value *first, **end;
    struct ecs_arena *arena;
    bool is_json;
    struct ecs_str body; /* as received */
};

/* Strict: ill-formed text is a broken client and false. apps: how many blocks are in the document. */
bool ecs_sim_document_read(struct ecs_sim_document *document, struct ecs_arena *arena, struct ecs_str body,
                           bool is_json, struct ecs_sim_report *report) ECS_MUST_CHECK;
/* "ap2004/EntitlementStatus"; {NULL, 0} when absent. */
struct ecs_str ecs_sim_document_get(const struct ecs_sim_document *document, const char *path);
struct ecs_str ecs_sim_document_app(const struct ecs_sim_document *document, struct ecs_str app,
                                    const char *name);
/* Any value below "app/". */
bool ecs_sim_document_has_app(const struct ecs_sim_document *document, struct ecs_str app);
void ecs_sim_document_add(struct ecs_sim_document *document, struct ecs_str path, struct ecs_str value,
                          struct ecs_str raw, bool is_text);

enum ecs_sim_entities {
    ECS_SIM_ENTITIES_XML,  /* all five and numbers */
    ECS_SIM_ENTITIES_AOSP, /* & and &amp; are &, the others stay as they are */
    ECS_SIM_ENTITIES_NONE  /* everything stays as it is */
};
/* false: an entity is unknown or not closed (only with ECS_SIM_ENTITIES_XML), or no memory. */
bool ecs_sim_entities(struct ecs_arena *arena, struct ecs_str raw, enum ecs_sim_entities how,
                      struct ecs_str *ret_text) ECS_MUST_CHECK;
