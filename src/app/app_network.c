/* SPDX-License-Identifier: Apache-2.0 */
/* Facts and answers that come from where the line is: what the network can do there, the network it visits,
 * the brand of its card. */
#include "ecs/sim.h"
#include "ecs/store_availability.h"

#include "app_internal.h"

/* A service of the network, its fact, and what it is called beside notices and in rows of line_service. */
static const struct {
    const char *service, *also;
    enum ecs_fact fact;
} network[] = {
    {"volte", NULL, ECS_FACT_NETWORK_VOLTE},     {"vonr", NULL, ECS_FACT_NETWORK_VONR},
    {"vowifi", NULL, ECS_FACT_NETWORK_VOWIFI},   {"smsoip", NULL, ECS_FACT_NETWORK_SMSOIP},
    {"data", "dataplan", ECS_FACT_NETWORK_DATA}, {"boost", "dataplan", ECS_FACT_NETWORK_BOOST},
    {"billing", NULL, ECS_FACT_NETWORK_BILLING}, {"satellite", "satmode", ECS_FACT_NETWORK_SATELLITE},
};

/* "data:nr": what does not work on one of several radio accesses. */
static void set_limited(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_place *place = c->line->place;
    struct ecs_str *words = ecs_alloc(c->arena, (place->n_states + 1) * sizeof(*words));
    size_t n = 0;

    for (size_t i = 0; words && i < place->n_states; i++) {
        const struct ecs_service_state *s = &place->states[i];
        const char *word;

        if (!s->rat.p || s->state < ECS_AVAILABLE_NOT_NOW)
            continue;
        word = ecs_printf(c->arena, "%.*s:%.*s", ECS_FMT(s->service), ECS_FMT(s->rat));
        if (word)
            words[n++] = ecs_str_of(word);
    }
    if (n)
        (void)ecs_fact_set_words(f, ECS_FACT_NETWORK_LIMITED, words, n);
}

static void set_states(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_place *place = c->line->place;

    for (size_t k = 0; k < ECS_ARRAY_LEN(network); k++) {
        enum ecs_availability state = ECS_AVAILABLE_READY;

        for (size_t i = 0; i < place->n_states; i++)
            if (!place->states[i].rat.p &&
                ecs_str_eq(place->states[i].service, ecs_str_of(network[k].service)))
                state = place->states[i].state;
        (void)ecs_fact_set_int(f, network[k].fact, (int64_t)state);
    }
    if (ecs_policy_uses(c->policy, ECS_FACT_NETWORK_LIMITED))
        set_limited(f, c);
}

static void set_visited(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_subscriber_facts *line = c->line;
    const struct ecs_place *place = line->place;
    bool home;

    if (!line->visited_plmn.p)
        return;
    home = ecs_gate_is_home(c->gate, c->imsi, line->visited_plmn);
    if (line->roaming == ECS_ROW_ROAMING_UNKNOWN)
        (void)ecs_fact_set_int(f, ECS_FACT_LINE_ROAMING, home ? ECS_ROAMING_HOME : ECS_ROAMING_ROAMING);
    if (home || !place)
        return;
    (void)ecs_fact_set_bool(f, ECS_FACT_VISITED_PARTNER, place->partner);
    if (place->country.p)
        (void)ecs_fact_set_str(f, ECS_FACT_VISITED_COUNTRY, place->country);
    if (place->partner)
        (void)ecs_fact_set_words(f, ECS_FACT_VISITED_SERVICES, place->visited, place->n_visited);
}

static void set_brand(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_sim_conf *sim;

    if (!c->gate || !c->gate->n_sims)
        return;
    sim = ecs_sim_find(c->gate->sims, c->gate->n_sims, c->imsi, c->request->param[ECS_P_GID1],
                       c->request->param[ECS_P_GID2]);
    if (!sim)
        return;
    (void)ecs_fact_set_str(f, ECS_FACT_SIM_BRAND, ecs_str_of(sim->brand));
    if (c->line->brand.p)
        (void)ecs_fact_set_bool(f, ECS_FACT_SIM_OTHER_BRAND,
                                !ecs_str_eq(c->line->brand, ecs_str_of(sim->brand)));
    else if (c->line->known)
        (void)ecs_fact_set_str(f, ECS_FACT_BRAND, ecs_str_of(sim->brand));
}

void app_set_network(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_place *place = c->line->place;

    if (c->imsi) {
        set_visited(f, c);
        set_brand(f, c);
    }
    if (!place)
        return;
    (void)ecs_fact_set_str(f, ECS_FACT_LINE_AREA, place->area);
    (void)ecs_fact_set_str(f, ECS_FACT_LINE_ENTERPRISE, place->enterprise);
    set_states(f, c);
}

/* ---- answers ---- */

static bool is_about(const struct ecs_service_state *state, const char *service)
{
    for (size_t k = 0; k < ECS_ARRAY_LEN(network); k++)
        if (ecs_str_eq(state->service, ecs_str_of(network[k].service)) &&
            (ecs_str_eq(ecs_str_of(service), ecs_str_of(network[k].service)) ||
             ecs_str_eq(ecs_str_of(service), ecs_str_of(network[k].also))))
            return true;
    return false;
}

struct ecs_str app_state_message(const struct ecs_app_context *c, const char *service)
{
    const struct ecs_place *place = c->line->place;
    const struct ecs_service_state *worst = NULL;

    /* What is said of all radio accesses explains an answer better than what is said of one of several. */
    for (size_t i = 0; place && i < place->n_states; i++) {
        const struct ecs_service_state *s = &place->states[i];

        if (s->state == ECS_AVAILABLE_READY || !s->message_key.n || !is_about(s, service))
            continue;
        if (!worst || (!s->rat.p && worst->rat.p) || (!s->rat.p == !worst->rat.p && s->state > worst->state))
            worst = s;
    }
    return worst ? worst->message_key : ECS_STR("");
}

int64_t app_state_validity(const struct ecs_app_context *c, const char *service, int64_t validity_s)
{
    const struct ecs_place *place = c->line->place;

    for (size_t i = 0; place && i < place->n_states; i++) {
        const struct ecs_service_state *s = &place->states[i];

        if (s->state == ECS_AVAILABLE_READY || !is_about(s, service))
            continue;
        if (s->validity_s && s->validity_s < validity_s)
            validity_s = s->validity_s;
        if (s->expected_end > c->now && s->expected_end - c->now < validity_s)
            validity_s = s->expected_end - c->now;
    }
    return validity_s;
}
