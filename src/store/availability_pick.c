/* SPDX-License-Identifier: Apache-2.0 */
/* Which of all states of services count for a line: the most specific one by area, brand and radio access.
 * Works on the short texts that come with every request. Pure. */
#include "ecs/ids.h"
#include "ecs/store_availability.h"
#include "store_int.h"

const char *const ecs_availability_words[ECS_AVAILABLE_COUNT + 1] = {"ready", "degraded", "unavailable",
                                                                     "not-deployed", NULL};
const char *const ecs_state_services[] = {"volte", "vonr",    "vowifi",    "smsoip", "data",
                                          "boost", "billing", "satellite", NULL};
const char *const ecs_state_rats[] = {"lte", "nr", "wifi", "satellite", NULL};
const char *const ecs_state_tells[ECS_STATE_TELL_COUNT + 1] = {"none", "recovery", "all", NULL};

enum { AREA_MAX = 63, MCC_LEN = 3 };

/* The part in front belongs to nobody's names. */
static bool takes_prefix(struct ecs_str *text, struct ecs_str prefix)
{
    if (!ecs_str_starts_with(*text, prefix))
        return false;
    text->p += prefix.n;
    text->n -= prefix.n;
    return true;
}

static bool is_name(struct ecs_str text)
{
    bool first = true;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && !first))
            first = false;
        else if (c == '.' && !first && i + 1 < text.n)
            first = true;
        else
            return false;
    }
    return text.n > 0 && !first;
}

bool ecs_area_is_valid(struct ecs_str text, bool own)
{
    struct ecs_str digits = text;

    if (text.n > AREA_MAX)
        return false;
    if (takes_prefix(&digits, ECS_STR("mcc-")))
        return !own && digits.n == MCC_LEN && ecs_str_is_digits(digits);
    if (takes_prefix(&digits, ECS_STR("plmn-")))
        return !own && (digits.n == 5 || digits.n == 6) && ecs_str_is_digits(digits);
    return is_name(text);
}

/* As area_fits() of sql/schema/0016_availability.sql. */
static bool fits_area(struct ecs_str area, const struct ecs_state_line *line)
{
    bool country = takes_prefix(&area, ECS_STR("mcc-"));

    if (country || takes_prefix(&area, ECS_STR("plmn-"))) {
        if (line->visited.p)
            return country ? ecs_str_starts_with(line->visited, area) : ecs_str_eq(line->visited, area);
        return !line->roams && line->imsi.p && ecs_str_starts_with(line->imsi, area);
    }
    return line->area.p && ecs_str_starts_with(line->area, area) &&
           (line->area.n == area.n || line->area.p[area.n] == '.');
}

struct candidate {
    struct ecs_service_state state;
    unsigned area_n, own, brand; /* how special it is */
};

static bool parse(struct ecs_str text, struct candidate *c, struct ecs_str *ret_brand,
                  struct ecs_str *ret_area)
{
    struct ecs_str part[8];
    int state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(part); i++)
        if (!ecs_str_cut(&text, ' ', &part[i]) || !part[i].n)
            return false;
    state = store_word(part[1], ecs_availability_words, ECS_AVAILABLE_COUNT);
    if (state < 0 || !ecs_str_to_u32(part[6], &c->state.validity_s) ||
        !ecs_str_to_i64(part[7], &c->state.expected_end))
        return false;
    c->own = ecs_str_eq(part[0], ECS_STR("O"));
    c->state.state = (enum ecs_availability)state;
    c->state.service = part[2];
    c->state.rat = ecs_str_eq(part[3], ECS_STR("*")) ? ECS_STR_NULL : part[3];
    c->state.message_key = text.n ? text : ECS_STR_NULL;
    *ret_brand = ecs_str_eq(part[4], ECS_STR("*")) ? ECS_STR_NULL : part[4];
    *ret_area = ecs_str_eq(part[5], ECS_STR("*")) ? ECS_STR_NULL : part[5];
    c->brand = ret_brand->p != NULL;
    /* A name is more than a network, that is more than a country; of names the longer one. */
    c->area_n = !ret_area->p                                       ? 0
                : ecs_str_starts_with(*ret_area, ECS_STR("mcc-"))  ? 1
                : ecs_str_starts_with(*ret_area, ECS_STR("plmn-")) ? 2
                                                                   : 2 + (unsigned)ret_area->n;
    return true;
}

/* Services whose name says the radio access: a state of all and one of that access are about the same. */
static struct ecs_str bound_rat(struct ecs_str service)
{
    static const struct {
        const char *service, *rat;
    } bound[] = {{"volte", "lte"}, {"vonr", "nr"}, {"vowifi", "wifi"}, {"satellite", "satellite"}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(bound); i++)
        if (ecs_str_eq(service, ecs_str_of(bound[i].service)))
            return ecs_str_of(bound[i].rat);
    return ECS_STR_NULL;
}

static bool is_before(const struct candidate *a, bool a_rat, const struct candidate *b, bool b_rat)
{
    if (a->area_n != b->area_n)
        return a->area_n > b->area_n;
    if (a->brand != b->brand)
        return a->brand > b->brand;
    if (a_rat != b_rat)
        return a_rat;
    return a->own != b->own ? a->own > b->own : a->state.state > b->state.state;
}

enum { PICKED_MAX = 64 }; /* services by radio accesses and "all", with room */

struct pick {
    struct candidate best;
    bool by_rat;
};

static bool keep(struct pick *picks, size_t *n, const struct candidate *c)
{
    struct ecs_str bound = bound_rat(c->state.service);
    struct pick new = {*c, c->state.rat.p != NULL};

    if (bound.p && c->state.rat.p && !ecs_str_eq(bound, c->state.rat))
        return true; /* voice over LTE does not care for Wi-Fi */
    if (bound.p)
        new.best.state.rat = ECS_STR_NULL;
    for (size_t i = 0; i < *n; i++) {
        const struct ecs_service_state *s = &picks[i].best.state;

        if (!ecs_str_eq(s->service, new.best.state.service) || !s->rat.p != !new.best.state.rat.p ||
            (s->rat.p && !ecs_str_eq(s->rat, new.best.state.rat)))
            continue;
        if (is_before(&new.best, new.by_rat, &picks[i].best, picks[i].by_rat))
            picks[i] = new;
        return true;
    }
    if (*n == PICKED_MAX)
        return false;
    picks[(*n)++] = new;
    return true;
}

bool ecs_states_pick(const struct ecs_str *texts, size_t n, const struct ecs_state_line *line,
                     struct ecs_service_state *ret_states, size_t *ret_n)
{
    struct pick picks[PICKED_MAX];
    size_t n_picks = 0;

    for (size_t i = 0; i < n; i++) {
        struct candidate c;
        struct ecs_str brand, area;

        if (!parse(texts[i], &c, &brand, &area))
            return false;
        if ((brand.p && !ecs_str_eq(brand, line->brand)) || (area.p && !fits_area(area, line)))
            continue;
        if (!keep(picks, &n_picks, &c))
            return false;
    }
    for (size_t i = 0; i < n_picks; i++)
        ret_states[i] = picks[i].best.state;
    *ret_n = n_picks;
    return true;
}
