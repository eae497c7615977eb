/* SPDX-License-Identifier: Apache-2.0 */
/* State tables: what each table must have, row by row, and a walk through everything that can happen from the
 * begin of a journey, with what must hold on every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odsa/odsa_priv.h"

static const struct ecs_odsa_conf conf = {
    .question_s = 900, .portal_s = 3600, .deleting_s = 86400, .ready_s = 864000, .give_up_s = 259200};

/* ---- rows ---- */

static void test_every_row_names_its_source(void **state)
{
    (void)state;
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++) {
        assert_string_equal(odsa_tables[kind].name, ecs_journey_kinds[kind]);
        for (const struct odsa_row *const *block = odsa_tables[kind].blocks; *block; block++)
            for (const struct odsa_row *row = *block; row->clause; row++) {
                assert_true(row->clause[0] != '\0');
                assert_true(row->state < ODSA_STATE_COUNT && row->next < ODSA_STATE_COUNT);
                assert_true(row->next != ODSA_NONE);
                assert_true((row->state == ODSA_NONE) == (row->event == ODSA_EV_START));
                assert_true(odsa_states[row->state].kind != ODSA_FINAL);
            }
    }
}

static void test_every_event_is_used(void **state)
{
    bool used[ODSA_EVENT_COUNT] = {false};

    (void)state;
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++)
        for (const struct odsa_row *const *block = odsa_tables[kind].blocks; *block; block++)
            for (const struct odsa_row *row = *block; row->clause; row++)
                used[row->event] = true;
    for (int event = 0; event < ODSA_EVENT_COUNT; event++)
        if (!used[event])
            fail_msg("no row has the event %s", odsa_event_names[event]);
}

static void test_what_comes_from_outside_never_leaves_a_sticky_state(void **state)
{
    (void)state;
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++)
        for (const struct odsa_row *const *block = odsa_tables[kind].blocks; *block; block++)
            for (const struct odsa_row *row = *block; row->clause; row++)
                if (odsa_states[row->state].sticky && !odsa_event_is_outcome((enum odsa_event)row->event))
                    assert_int_equal(row->next, row->state);
}

/* ---- the walk ---- */

enum { NODES_MAX = 250000, SLOTS = 1 << 18, ROWS_MAX = 1000, DEPTH_MAX = 40 };

struct node {
    struct ecs_journey journey;
    bool withdrawn, revoked; /* it was tried at least */
    int depth;
    bool ends; /* a final state can be reached from here */
    int parent, event;
};
static struct node *nodes;
static int node_n;
static int *slots;
static int (*edges)[2];
static int edge_n, edge_cap;
static const struct odsa_row *met[2 * ROWS_MAX]; /* by hash */

static uint64_t hash_of(const struct node *n)
{
    const struct ecs_journey *j = &n->journey;
    int tries = j->calls - odsa_order_number(j);
    int64_t key[] = {j->kind,
                     odsa_state_of(j),
                     j->flags & ((1 << ECS_JOURNEY_ORDER_SHIFT) - 1),
                     odsa_order_number(j) > 0,
                     j->iccid.n > 0,
                     j->code.n > 0,
                     j->calls > ODSA_CALLS_MAX       ? 4
                     : j->calls < ODSA_CALLS_MAX - 3 ? 0
                                                     : j->calls,
                     tries >= ODSA_TRIES_MAX,
                     j->profile > 0,
                     j->matching_id.n > 0,
                     n->withdrawn,
                     n->revoked};

    return ecs_hash(key, sizeof(key)) | 1;
}

static uint64_t *seen;

static int intern(const struct node *n, bool *ret_new)
{
    uint64_t hash = hash_of(n);
    size_t at = hash % SLOTS;

    while (seen[at] && seen[at] != hash)
        at = (at + 1) % SLOTS;
    *ret_new = !seen[at];
    if (*ret_new) {
        assert_true(node_n < NODES_MAX);
        seen[at] = hash;
        slots[at] = node_n;
        nodes[node_n++] = *n;
    }
    return slots[at];
}

static const struct odsa_row **place_of(const struct odsa_row *row)
{
    size_t at = ecs_hash(&row, sizeof(row)) % ECS_ARRAY_LEN(met);

    while (met[at] && met[at] != row)
        at = (at + 1) % ECS_ARRAY_LEN(met);
    return &met[at];
}

static void note_row(const struct odsa_row *row)
{
    *place_of(row) = row;
}

static bool has(const struct ecs_journey *j, int flag)
{
    return j->flags & flag;
}

static void tell_way(int at)
{
    for (; at >= 0; at = nodes[at].parent)
        print_message("   %.*s (flags %x) after %s\n", ECS_FMT(nodes[at].journey.state),
                      (unsigned)nodes[at].journey.flags,
                      nodes[at].event >= 0 ? odsa_event_names[nodes[at].event] : "begin");
}

#define HOLDS(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            tell_way(from);                                                                                  \
            fail_msg("%s: %s --%s--> %s: %s", odsa_tables[after->kind].name,                                 \
                     from < 0 ? "" : odsa_states[odsa_state_of(before)].name, odsa_event_names[event],       \
                     odsa_states[next].name, #condition);                                                    \
        }                                                                                                    \
    } while (0)

/* What no way may lead to. */
static void check_step(int from, const struct ecs_journey *before, const struct node *to,
                       enum odsa_event event)
{
    const struct ecs_journey *after = &to->journey;
    enum odsa_state next = odsa_state_of(after), was = odsa_state_of(before);
    bool gave_up = next == ODSA_FAILED || next == ODSA_DISMISSED || next == ODSA_EXPIRED;

    if (next == ODSA_READY)
        HOLDS(has(after, ECS_JOURNEY_F_CONFIRMED) && has(after, ECS_JOURNEY_F_RELEASED));
    if (next == ODSA_READY && after->kind != ECS_JOURNEY_WAITING)
        HOLDS(after->iccid.n > 0);
    if (next == ODSA_ENDING_OLD)
        HOLDS(has(after, ECS_JOURNEY_F_CONFIRMED) && !has(after, ECS_JOURNEY_F_OLD_ENDED));
    if (gave_up) {
        HOLDS(!has(after, ECS_JOURNEY_F_RESERVED) || to->withdrawn);
        HOLDS(!has(after, ECS_JOURNEY_F_ORDERED) || to->revoked);
        HOLDS(!has(after, ECS_JOURNEY_F_OLD_ENDED));
    }
    if (next == ODSA_WITHDRAWING || next == ODSA_REVOKING)
        HOLDS(!has(after, ECS_JOURNEY_F_OLD_ENDED));
    if (was == ODSA_RESERVING && event == ODSA_EV_OK)
        HOLDS(!has(before, ECS_JOURNEY_F_RESERVED)); /* nothing is ordered twice */
    if (next == ODSA_ACTIVATING && after->calls != before->calls)
        HOLDS(!has(before, ECS_JOURNEY_F_ORDERED) || event == ODSA_EV_IN_USE);
    if (was != next && odsa_states[next].kind == ODSA_WORK && next != ODSA_AWAITING)
        HOLDS(after->calls > before->calls);
    if (odsa_states[next].kind == ODSA_WAIT)
        HOLDS(after->deadline_at > 0 && after->due_at == after->deadline_at);
    HOLDS((odsa_states[next].kind == ODSA_FINAL) == (after->ended_at > 0));
}

static void add_edge(int from, int to)
{
    if (edge_n == edge_cap) {
        edge_cap = edge_cap ? 2 * edge_cap : 1024;
        edges = realloc(edges, (size_t)edge_cap * sizeof(*edges));
        assert_non_null(edges);
    }
    edges[edge_n][0] = from;
    edges[edge_n++][1] = to;
}

/* What may be told with an event: variants 0 to 2. */
static bool tell_something(struct ecs_journey *j, enum odsa_event event, int variant)
{
    enum odsa_state state = odsa_state_of(j);
    bool told = variant == 1;

    if (event == ODSA_EV_OK && state == ODSA_RESERVING) {
        j->iccid = ECS_STR("8949000000000000017");
        return variant == 0;
    }
    if (event == ODSA_EV_OK && (state == ODSA_CONFIRMING || state == ODSA_RELEASING)) {
        if (variant == 0 || state == ODSA_RELEASING)
            j->flags |= ECS_JOURNEY_F_RELEASED;
        j->code = ECS_STR("sealed");
        return variant < 2 - (state == ODSA_RELEASING);
    }
    if ((event == ODSA_EV_OK && (state == ODSA_ACTIVATING || state == ODSA_AWAITING) &&
         has(j, ECS_JOURNEY_F_BSS_PROFILE)) ||
        ((event == ODSA_EV_ACTIVATED || event == ODSA_EV_BSS_DONE) && !has(j, ECS_JOURNEY_F_RESERVED) &&
         !has(j, ECS_JOURNEY_F_CONFIRMED))) {
        if (told) {
            j->iccid = ECS_STR("8949000000000000025");
            j->code = ECS_STR("sealed");
        }
        return variant < 2;
    }
    return variant == 0;
}

static void try_event(int from, enum odsa_event event, int variant)
{
    struct node n = nodes[from];
    struct ecs_journey before = n.journey;
    enum odsa_state was = odsa_state_of(&before);
    const struct odsa_row *row;
    bool is_new;
    int to;

    if (!tell_something(&n.journey, event, variant))
        return;
    row = odsa_match(&n.journey, was, event);
    if (!row)
        return;
    note_row(row);
    odsa_apply(&n.journey, row, 1000, &conf);
    n.withdrawn = n.withdrawn || was == ODSA_WITHDRAWING;
    n.revoked = n.revoked || was == ODSA_REVOKING || was == ODSA_STOPPING;
    n.depth = nodes[from].depth + 1;
    n.parent = from;
    n.event = (int)event;
    n.ends = odsa_states[odsa_state_of(&n.journey)].kind == ODSA_FINAL;
    check_step(from, &before, &n, event);
    to = intern(&n, &is_new);
    add_edge(from, to);
}

/* In each state that can come about, what must be answered is answered. */
static void check_answers(int at)
{
    const struct ecs_journey *j = &nodes[at].journey;
    enum odsa_state state = odsa_state_of(j);
    static const enum odsa_event outcomes[] = {ODSA_EV_OK, ODSA_EV_RETRY, ODSA_EV_EXHAUSTED, ODSA_EV_REFUSED};
    bool kept = state == ODSA_READY && has(j, ECS_JOURNEY_F_OLD_ENDED);

    for (size_t i = 0; i < ECS_ARRAY_LEN(outcomes) && odsa_states[state].kind == ODSA_WORK; i++)
        if (!odsa_match(j, state, outcomes[i]))
            fail_msg("%s: %s has no row for %s", odsa_tables[j->kind].name, odsa_states[state].name,
                     odsa_event_names[outcomes[i]]);
    if (odsa_states[state].kind == ODSA_WAIT)
        assert_non_null(odsa_match(j, state, ODSA_EV_TIMEOUT));
    if (odsa_states[state].kind == ODSA_WORK)
        assert_non_null(odsa_match(j, state, ODSA_EV_NUDGE));
    if (odsa_states[state].kind != ODSA_FINAL && !kept && !odsa_match(j, state, ODSA_EV_CANCEL))
        fail_msg("%s: %s cannot be cancelled", odsa_tables[j->kind].name, odsa_states[state].name);
    if (kept)
        assert_null(odsa_match(j, state, ODSA_EV_CANCEL));
}

static void begin_with(enum ecs_journey_kind kind, int flags, bool with_old, int calls)
{
    struct node n = {.journey = {.kind = kind, .flags = flags, .calls = calls}, .parent = -1, .event = -1};
    const struct odsa_row *row;
    bool is_new;

    if (with_old) {
        n.journey.old_iccid = ECS_STR("8949000000000000009");
        n.journey.old_profile = 7;
    }
    if (kind == ECS_JOURNEY_WAITING || kind == ECS_JOURNEY_END || kind == ECS_JOURNEY_SWITCH) {
        n.journey.iccid = ECS_STR("8949000000000000033");
        n.journey.address = ECS_STR("smdp.example.com");
        n.journey.profile = 8;
    }
    row = odsa_match(&n.journey, ODSA_NONE, ODSA_EV_START);
    assert_non_null(row);
    note_row(row);
    odsa_apply(&n.journey, row, 1000, &conf);
    intern(&n, &is_new);
}

/* In the middle: the SM-DP+ has refused one matching id after the other. */
static void begin_tired(enum ecs_journey_kind kind)
{
    struct node n = {
        .journey = {.kind = kind,
                    .state = ecs_str_of(odsa_states[ODSA_CONFIRMING].name),
                    .iccid = ECS_STR("8949000000000000017"),
                    .calls = 5 + ODSA_TRIES_MAX,
                    .flags = ECS_JOURNEY_F_RESERVED | ECS_JOURNEY_F_ORDERED | 5 << ECS_JOURNEY_ORDER_SHIFT},
        .parent = -1,
        .event = -1};
    bool is_new;

    intern(&n, &is_new);
}

static void walk(enum ecs_journey_kind kind)
{
    static const int choices[] = {ECS_JOURNEY_F_ASKS, ECS_JOURNEY_F_NEEDS_PORTAL, ECS_JOURNEY_F_BSS_PROFILE,
                                  ECS_JOURNEY_F_OLD_FIRST, ECS_JOURNEY_F_REDOWNLOADABLE};
    bool old = kind == ECS_JOURNEY_TRANSFER || kind == ECS_JOURNEY_MOVE || kind == ECS_JOURNEY_RECOVERY;

    node_n = edge_n = 0;
    memset(seen, 0, SLOTS * sizeof(*seen));
    for (unsigned bits = 0; bits < 1u << ECS_ARRAY_LEN(choices); bits++) {
        int flags = 0;

        for (size_t i = 0; i < ECS_ARRAY_LEN(choices); i++)
            flags |= bits >> i & 1 ? choices[i] : 0;
        if (!old && flags & (ECS_JOURNEY_F_OLD_FIRST | ECS_JOURNEY_F_REDOWNLOADABLE))
            continue;
        /* What the user is asked first has no influence on what comes behind it. */
        if (flags & (ECS_JOURNEY_F_ASKS | ECS_JOURNEY_F_NEEDS_PORTAL) &&
            flags & (ECS_JOURNEY_F_OLD_FIRST | ECS_JOURNEY_F_REDOWNLOADABLE))
            continue;
        begin_with(kind, flags, old, 0);
        if (flags == ECS_JOURNEY_F_BSS_PROFILE || !flags)
            begin_with(kind, flags, old, ODSA_CALLS_MAX - 2);
    }
    if (kind == ECS_JOURNEY_COMPANION)
        begin_tired(kind);
    for (int at = 0; at < node_n; at++) {
        check_answers(at);
        for (int event = 0; event < ODSA_EVENT_COUNT && nodes[at].depth < DEPTH_MAX; event++)
            for (int variant = 0; variant < 3; variant++)
                try_event(at, (enum odsa_event)event, variant);
    }
}

/* From wherever a journey may be, an end can be reached. */
static void check_ends(void)
{
    bool more = true;

    while (more) {
        more = false;
        for (int i = edge_n - 1; i >= 0; i--)
            if (!nodes[edges[i][0]].ends && nodes[edges[i][1]].ends)
                nodes[edges[i][0]].ends = more = true;
    }
    for (int i = 0; i < node_n; i++)
        if (!nodes[i].ends && nodes[i].depth < DEPTH_MAX) {
            tell_way(i);
            fail_msg("no end can be reached");
        }
}

/* No row is covered by others or has a condition that never comes about. */
static void check_rows_met(void)
{
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++)
        for (const struct odsa_row *const *block = odsa_tables[kind].blocks; *block; block++)
            for (const struct odsa_row *row = *block; row->clause; row++)
                if (*place_of(row) != row)
                    fail_msg("%s: never met: %s, %s if \"%s\" to %s", odsa_tables[kind].name,
                             odsa_states[row->state].name, odsa_event_names[row->event],
                             odsa_guard_words[row->guard], odsa_states[row->next].name);
}

/* Each state that a table names comes about. */
static void check_states_met(enum ecs_journey_kind kind)
{
    bool there[ODSA_STATE_COUNT] = {false};

    for (int i = 0; i < node_n; i++)
        there[odsa_state_of(&nodes[i].journey)] = true;
    for (const struct odsa_row *const *block = odsa_tables[kind].blocks; *block; block++)
        for (const struct odsa_row *row = *block; row->clause; row++) {
            if (row->state != ODSA_NONE && !there[row->state])
                fail_msg("%s: %s is never reached", odsa_tables[kind].name, odsa_states[row->state].name);
        }
}

static bool is_walked_already(int kind)
{
    for (int other = 0; other < kind; other++)
        if (memcmp(odsa_tables[other].blocks, odsa_tables[kind].blocks, sizeof(odsa_tables[kind].blocks)) ==
            0)
            return true;
    return false;
}

static void test_whatever_happens_the_rules_hold(void **state)
{
    (void)state;
    for (int kind = 0; kind < ECS_JOURNEY_KIND_COUNT; kind++) {
        if (is_walked_already(kind))
            continue;
        walk((enum ecs_journey_kind)kind);
        print_message("%s: %d situations, %d steps\n", odsa_tables[kind].name, node_n, edge_n);
        check_states_met((enum ecs_journey_kind)kind);
        check_ends();
    }
    check_rows_met();
}

static int setup(void **state)
{
    (void)state;
    nodes = calloc(NODES_MAX, sizeof(*nodes));
    slots = calloc(SLOTS, sizeof(*slots));
    seen = calloc(SLOTS, sizeof(*seen));
    return nodes && slots && seen ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(nodes);
    free(slots);
    free(seen);
    free(edges);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_names_its_source),
        cmocka_unit_test(test_every_event_is_used),
        cmocka_unit_test(test_what_comes_from_outside_never_leaves_a_sticky_state),
        cmocka_unit_test(test_whatever_happens_the_rules_hold),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
