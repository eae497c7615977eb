/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: a limit of requests in work that follows the time answers take (additive increase,
 * multiplicative decrease), shares of it by class, and a budget of exchanges that are begun. */
#include "admission.h"

#include <string.h>

enum { INTERVAL_US = 100000, FLOOR = 64, START = 256, PRESSED_US = 1000000, SECOND_US = 1000000, OWED_S = 5 };

/* Of the limit, in percent: the rest is kept for the classes before it. */
static const unsigned share[ADMIT_CLASS_COUNT] = {
    [ADMIT_CONTINUATION] = 200, /* bounded by conf.max only in practice */
    [ADMIT_CHOSEN] = 150,
    [ADMIT_TOKEN] = 100,
    [ADMIT_NEW] = 70,
};

void admission_set(struct admission *a, const struct admission_conf *conf)
{
    a->conf = *conf;
    if (a->limit > conf->max)
        a->limit = conf->max;
}

void admission_init(struct admission *a, const struct admission_conf *conf, int64_t now_us)
{
    memset(a, 0, sizeof(*a));
    a->limit = START;
    a->interval_end_us = now_us + INTERVAL_US;
    a->ring_s = now_us / SECOND_US;
    admission_set(a, conf);
}

/* Even the fastest answer was late: a queue stands somewhere behind us. Single slow answers of an idle worker
 * tell nothing, nor does promptness while the limit is not used. */
static void end_interval(struct admission *a, int64_t now_us)
{
    bool late = a->answered && a->fastest_us > a->conf.target_us;

    if (late && a->peak * 2 > a->limit) {
        double used = a->peak < a->limit ? a->peak : a->limit;

        a->limit = used * 0.8 > FLOOR ? used * 0.8 : FLOOR;
    } else if (a->answered && !late && (a->pressed || a->peak * 5 > a->limit * 4)) {
        a->limit += a->limit * 0.1 > 4 ? a->limit * 0.1 : 4;
    }
    if (a->limit > a->conf.max)
        a->limit = a->conf.max;
    a->interval_end_us = now_us + INTERVAL_US;
    a->answered = 0;
    a->fastest_us = 0;
    a->pressed = false;
    a->peak = a->in_work;
}

/* Challenges that nobody answered within the ring's time are given up. */
static void turn_ring(struct admission *a, int64_t now_us)
{
    int64_t second = now_us / SECOND_US;

    for (unsigned i = 0; a->ring_s < second && i < ADMISSION_RING; i++) {
        uint32_t *oldest = &a->begun[(uint64_t)++a->ring_s % ADMISSION_RING];

        a->outstanding -= *oldest < a->outstanding ? *oldest : a->outstanding;
        *oldest = 0;
    }
    a->ring_s = second;
}

static void press(struct admission *a, int64_t now_us)
{
    a->pressed = true;
    a->last_pressed_us = now_us;
}

/* The last part of what there is at all is kept for answers to challenges, however connections were chosen.
 */
static bool has_room(const struct admission *a, enum admission_class class, unsigned in_work)
{
    double most = a->limit * share[class], ever = (double)a->conf.max * share[ADMIT_NEW];

    return in_work * 100.0 < (class == ADMIT_CHOSEN && most > ever ? ever : most);
}

enum admission_verdict admission_enter(struct admission *a, enum admission_class class, int64_t now_us)
{
    if (now_us >= a->interval_end_us)
        end_interval(a, now_us);
    if (a->in_work >= a->conf.max)
        return REFUSED_IN_WORK;
    if (!has_room(a, class, a->in_work)) {
        press(a, now_us);
        return REFUSED_PRESSURE;
    }
    if (++a->in_work > a->peak)
        a->peak = a->in_work;
    return ADMITTED;
}

enum admission_verdict admission_may_begin(struct admission *a, enum admission_class class, int64_t now_us)
{
    turn_ring(a, now_us);
    if (a->outstanding >= a->conf.outstanding)
        return REFUSED_OUTSTANDING;
    /* The request itself is counted in. */
    if (!has_room(a, class, a->in_work - 1)) {
        press(a, now_us);
        return REFUSED_PRESSURE;
    }
    return ADMITTED;
}

void admission_leave(struct admission *a, int64_t us, int64_t now_us)
{
    a->in_work--;
    if (us >= 0 && (!a->answered++ || us < a->fastest_us))
        a->fastest_us = us;
    if (now_us >= a->interval_end_us)
        end_interval(a, now_us);
}

void admission_park(struct admission *a, bool parked)
{
    if (parked)
        a->in_work--;
    else
        a->in_work++;
    if (a->in_work > a->peak)
        a->peak = a->in_work;
}

/* A cell holds 24 bits of the source's hash and 8 of the second, so that the many strangers of a storm are
 * not taken for somebody who is owed an answer. */
static uint32_t mark_of(uint64_t hash, int64_t now_us)
{
    return (uint32_t)(hash & 0xffffff) << 8 | (uint32_t)(now_us / SECOND_US & 0xff);
}

static uint64_t hash_of(uint64_t source)
{
    return (source ^ source >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_owed(const struct admission *a, uint64_t source, int64_t now_us)
{
    uint64_t hash = hash_of(source);
    uint32_t cell = a->owed[hash >> 48];

    return cell && cell >> 8 == (hash & 0xffffff) && ((now_us / SECOND_US - cell) & 0xff) < OWED_S;
}

void admission_begun(struct admission *a, uint64_t source, int64_t now_us)
{
    uint64_t hash = hash_of(source);

    a->owed[hash >> 48] = mark_of(hash, now_us);
    turn_ring(a, now_us);
    a->begun[(uint64_t)a->ring_s % ADMISSION_RING]++;
    a->outstanding++;
}

void admission_continued(struct admission *a)
{
    /* Which second it was begun in is not known: the oldest one there is. */
    for (unsigned i = 1; i <= ADMISSION_RING && a->outstanding; i++) {
        uint32_t *cell = &a->begun[(uint64_t)(a->ring_s + i) % ADMISSION_RING];

        if (!*cell)
            continue;
        --*cell;
        a->outstanding--;
        return;
    }
}

/* Of the connections whose request has not come yet, at most those of the last one to two seconds. */
static unsigned young(struct admission *a, uint64_t pending, int64_t now_us)
{
    int64_t second = now_us / SECOND_US;

    if (second != a->let_in_s) {
        a->let_in[1] = second == a->let_in_s + 1 ? a->let_in[0] : 0;
        a->let_in[0] = 0;
        a->let_in_s = second;
    }
    return pending < a->let_in[0] + a->let_in[1] ? (unsigned)pending : a->let_in[0] + a->let_in[1];
}

bool admission_connection(struct admission *a, int64_t lag_us, uint64_t pending, uint64_t source,
                          int64_t now_us)
{
    unsigned expected = young(a, pending, now_us);

    if (lag_us > a->conf.lag_us)
        return false;
    if (a->last_pressed_us && now_us - a->last_pressed_us <= PRESSED_US &&
        ((double)a->in_work + expected) * 100 >= a->limit * share[ADMIT_NEW] && !is_owed(a, source, now_us)) {
        press(a, now_us);
        return false;
    }
    a->let_in[0]++;
    return true;
}
