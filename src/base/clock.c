/* SPDX-License-Identifier: Apache-2.0 */
/* Wall and monotonic clock (both answered by the vDSO, no system call) and the time texts of TS.43. Dates are
 * counted by our own calendar arithmetic, so that neither the time zone nor the locale has a say. */
#include "ecs/clock.h"

#include <stdatomic.h>
#include <time.h>

enum { DAY_S = 86400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

static const int64_t first_s = -INT64_C(62167219200); /* 0000-01-01T00:00:00Z */
static const int64_t last_s = INT64_C(253402300799);  /* 9999-12-31T23:59:59Z */

static _Atomic int64_t fake_s; /* 0: the real clock */

static int64_t read_us(clockid_t id)
{
    struct timespec ts;

    /* Cannot fail for these two clocks with a valid pointer. */
    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t ecs_clock_now(void)
{
    int64_t fake = atomic_load_explicit(&fake_s, memory_order_relaxed);
    struct timespec ts;

    if (__builtin_expect(fake != 0, 0))
        return fake;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec;
}

int64_t ecs_clock_now_us(void)
{
    int64_t fake = atomic_load_explicit(&fake_s, memory_order_relaxed);

    return __builtin_expect(fake != 0, 0) ? fake * 1000000 : read_us(CLOCK_REALTIME);
}

int64_t ecs_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void ecs_clock_fake(int64_t unix_seconds)
{
    atomic_store_explicit(&fake_s, unix_seconds, memory_order_relaxed);
}

/* The calendar is counted in years that begin in March, so that the leap day is the last one; an era has 400.
 */
static int64_t days_of_date(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + EPOCH_DAYS;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;

    *ret_day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

void ecs_time_format(int64_t unix_seconds, char out[21])
{
    int64_t s = unix_seconds < first_s ? first_s : unix_seconds > last_s ? last_s : unix_seconds;
    int64_t days = (s >= 0 ? s : s - (DAY_S - 1)) / DAY_S;
    int of_day = (int)(s - days * DAY_S);
    int year, month, day;
    char *p = out;

    date_of_days(days, &year, &month, &day);
    p = put_digits(p, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, of_day / 3600, 2);
    *p++ = ':';
    p = put_digits(p, of_day / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, of_day % 60, 2);
    *p++ = 'Z';
    *p = '\0';
}

/* Compares text with a pattern in which '0' stands for any digit. */
static bool has_shape(struct ecs_str text, const char *pattern)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (pattern[i] == '0' ? c < '0' || c > '9' : c != pattern[i])
            return false;
    }
    return pattern[text.n] == '\0';
}

static int number_at(struct ecs_str text, size_t at, size_t width)
{
    int value = 0;

    for (size_t i = 0; i < width; i++)
        value = value * 10 + (text.p[at + i] - '0');
    return value;
}

static bool is_date(int year, int month, int day)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

/* "Z", "+hh:mm" or "-hh:mm" as seconds east of Greenwich. */
static bool parse_zone(struct ecs_str zone, int *ret_offset_s)
{
    int hours, minutes;

    if (zone.n == 1 && zone.p[0] == 'Z') {
        *ret_offset_s = 0;
        return true;
    }
    if (zone.n != 6 || !(has_shape(zone, "+00:00") || has_shape(zone, "-00:00")))
        return false;
    hours = number_at(zone, 1, 2);
    minutes = number_at(zone, 4, 2);
    if (hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = (zone.p[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool ecs_time_parse(struct ecs_str text, int64_t *ret_unix_seconds)
{
    static const size_t date_n = 10, clock_end = 19;
    int year, month, day, hour, minute, second, offset_s = 0;
    int64_t of_day = 0;

    if (text.n < date_n || !has_shape((struct ecs_str){text.p, date_n}, "0000-00-00"))
        return false;
    year = number_at(text, 0, 4);
    month = number_at(text, 5, 2);
    day = number_at(text, 8, 2);
    if (!is_date(year, month, day))
        return false;
    if (text.n > date_n) {
        if (text.n <= clock_end ||
            !has_shape((struct ecs_str){text.p + date_n, clock_end - date_n}, "T00:00:00") ||
            !parse_zone((struct ecs_str){text.p + clock_end, text.n - clock_end}, &offset_s))
            return false;
        hour = number_at(text, 11, 2);
        minute = number_at(text, 14, 2);
        second = number_at(text, 17, 2);
        if (hour > 23 || minute > 59 || second > 59)
            return false;
        of_day = hour * 3600 + minute * 60 + second;
    }
    *ret_unix_seconds = days_of_date(year, month, day) * DAY_S + of_day - offset_s;
    return true;
}
