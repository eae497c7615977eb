/* SPDX-License-Identifier: Apache-2.0 */
/* docs/journeys.md out of the tables: a list of states and events, and for each kind a diagram and its rows.
 */
#include "ecs/buf.h"
#include "fsm.h"

static const char *const event_helps[ODSA_EVENT_COUNT] = {
#define EVENT(id, name, from, help) [ODSA_EV_##id] = help,
#include "events.def"
#undef EVENT
};
static const char *const event_sources[ODSA_EVENT_COUNT] = {
#define EVENT(id, name, from, help) [ODSA_EV_##id] = #from,
#include "events.def"
#undef EVENT
};

static const char *const helps[ECS_JOURNEY_KIND_COUNT] = {
    [ECS_JOURNEY_COMPANION] =
        "New subscription of a companion: ap2006, type 0 (TS.43 7). primary (ap2009, type 0; "
        "TS.43 8.1, 8.2) and enterprise (ap2011; TS.43 10) follow the same table.",
    [ECS_JOURNEY_WAITING] =
        "A profile that waits on the default SM-DP+ is released (ap2009, type 0; TS.43 8.12).",
    [ECS_JOURNEY_TRANSFER] =
        "A subscription moves to another device: ap2009, type 3 (TS.43 8.3 to 8.11). move "
        "(companion to companion, ap2006, type 3; TS.43 7.6) follows the same table.",
    [ECS_JOURNEY_RECOVERY] = "A removed profile is replaced: ap2009, type 7 (TS.43 8.13).",
    [ECS_JOURNEY_END] = "The end of a subscription: type 1.",
    [ECS_JOURNEY_SWITCH] = "Service on or off: ManageService, types 5 and 6.",
    [ECS_JOURNEY_MANAGE] = "Changes on the portal: type 2.",
};

static void write_states(struct ecs_buf *buf)
{
    static const char *const kinds[] = {"work", "waits", "end"};

    ecs_buf_add_cstr(buf, "## States\n\n| state | kind | SubscriptionResult | ServiceStatus | meaning |\n"
                          "|---|---|---|---|---|\n");
    for (int i = ODSA_NONE + 1; i < ODSA_STATE_COUNT; i++) {
        const struct odsa_state_info *s = &odsa_states[i];

        ecs_buf_printf(buf, "| %s | %s%s | ", s->name, kinds[s->kind], s->sticky ? ", sticky" : "");
        ecs_buf_printf(buf, s->result ? "%d | " : "- | ", s->result);
        ecs_buf_printf(buf, s->status ? "%d" : "-", s->status);
        ecs_buf_printf(buf, " | %s |\n", s->help);
    }
    ecs_buf_add_cstr(buf, "\n## Events\n\n| event | from | meaning |\n|---|---|---|\n");
    for (int i = 0; i < ODSA_EVENT_COUNT; i++)
        ecs_buf_printf(buf, "| %s | %s | %s |\n", odsa_event_names[i], event_sources[i], event_helps[i]);
}

static const char *name_of(int state)
{
    return state == ODSA_NONE ? "(new)" : odsa_states[state].name;
}

/* One arrow per pair of states; mermaid takes no '-' in names. */
static void write_arrow(struct ecs_buf *buf, int from, int to)
{
    const char *ends[] = {from == ODSA_NONE ? "[*]" : odsa_states[from].name, odsa_states[to].name};

    ecs_buf_add_cstr(buf, "    ");
    for (int i = 0; i < 2; i++) {
        for (const char *p = ends[i]; *p; p++)
            ecs_buf_add_char(buf, *p == '-' ? '_' : *p);
        ecs_buf_add_cstr(buf, i ? "" : " --> ");
    }
    ecs_buf_add_cstr(buf, "\n");
}

static void write_diagram(struct ecs_buf *buf, const struct odsa_table *table)
{
    bool drawn[ODSA_STATE_COUNT][ODSA_STATE_COUNT] = {{false}};

    ecs_buf_add_cstr(buf, "```mermaid\nstateDiagram-v2\n");
    for (const struct odsa_row *const *block = table->blocks; *block; block++)
        for (const struct odsa_row *row = *block; row->clause; row++) {
            if (row->state == row->next || drawn[row->state][row->next])
                continue;
            drawn[row->state][row->next] = true;
            write_arrow(buf, row->state, row->next);
        }
    ecs_buf_add_cstr(buf, "```\n\n");
}

static void write_rows(struct ecs_buf *buf, const struct odsa_table *table)
{
    ecs_buf_add_cstr(buf, "| state | event | if | then | next | source |\n|---|---|---|---|---|---|\n");
    for (int state = ODSA_NONE; state < ODSA_STATE_COUNT; state++)
        for (const struct odsa_row *const *block = table->blocks; *block; block++)
            for (const struct odsa_row *row = *block; row->clause; row++)
                if (row->state == state)
                    ecs_buf_printf(buf, "| %s | %s | %s | %s | %s | %s |\n", name_of(state),
                                   odsa_event_names[row->event], odsa_guard_words[row->guard],
                                   odsa_effect_words[row->effect], name_of(row->next), row->clause);
    ecs_buf_add_cstr(buf, "\n");
}

void ecs_odsa_write_tables(struct ecs_buf *buf)
{
    ecs_buf_add_cstr(buf, "# Journeys\n\nMade from src/odsa/states.def, events.def, guards.def, effects.def "
                          "and fsm_*.c: do not "
                          "edit. `ECS_WRITE=1 unit_odsa_fsm_doc` writes it anew.\n\nA journey is one "
                          "procedure of on-device service "
                          "activation, kept as one row. An event meets the first row of its kind's table "
                          "that has the state, the "
                          "event and a condition that holds. In states of kind *work* the driver makes one "
                          "call to a neighbour and "
                          "its outcome is the next event; in *sticky* ones everything from outside is noted "
                          "only. Sources: clauses "
                          "of the digest ts43-odsa.md, smdp.md, bss.md.\n\n");
    write_states(buf);
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++) {
        if (!helps[kind])
            continue;
        ecs_buf_printf(buf, "\n## Kind %s\n\n%s\n\n", odsa_tables[kind].name, helps[kind]);
        write_diagram(buf, &odsa_tables[kind]);
        write_rows(buf, &odsa_tables[kind]);
    }
}
