/* SPDX-License-Identifier: Apache-2.0 */
/* Command line and subscribers of radius_front. A line of the file is
 *   IMSI KI OPC AMF SQN [RES-LENGTH]
 * in hexadecimal but for IMSI and length; "#" begins a comment line. */
#include "radius_front.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static bool complain(const char *what, unsigned line)
{
    fprintf(stderr, "radius_front: subscribers, line %u: %s\n", line, what);
    return false;
}

static uint64_t number_of(const uint8_t bytes[6])
{
    uint64_t number = 0;

    for (int i = 0; i < 6; i++)
        number = number << 8 | bytes[i];
    return number;
}

static bool read_subscriber(struct front *front, struct ecs_str text, unsigned line)
{
    struct front_subscriber subscriber = {.key = {.alg = ECS_AKA_MILENAGE, .ki_n = 16}};
    struct ecs_str part[6] = {ECS_STR_NULL};
    uint8_t sqn[6];
    uint32_t res_n = 8;
    size_t n = 0;

    while (n < ECS_ARRAY_LEN(part) && ecs_str_cut(&text, ' ', &part[n]))
        n++;
    if (n < 5 || text.n != 0)
        return complain("five or six columns are wanted", line);
    if (!ecs_imsi_parse(part[0], &subscriber.imsi))
        return complain("not an IMSI", line);
    if (!ecs_hex_decode(part[1], subscriber.key.ki, 16) || !ecs_hex_decode(part[2], subscriber.key.opc, 16) ||
        !ecs_hex_decode(part[3], subscriber.key.amf, 2) || !ecs_hex_decode(part[4], sqn, 6))
        return complain("KI, OPC, AMF and SQN are 16, 16, 2 and 6 bytes in hexadecimal", line);
    if (n == 6 && (!ecs_str_to_u32(part[5], &res_n) || res_n < 4 || res_n > 8))
        return complain("the length of RES is 4 to 8", line);
    if (front->n_subscribers == FRONT_SUBSCRIBERS_MAX)
        return complain("too many subscribers", line);
    subscriber.key.res_n = (uint8_t)res_n;
    subscriber.sqn = number_of(sqn);
    front->subscribers[front->n_subscribers++] = subscriber;
    ecs_wipe(&subscriber, sizeof(subscriber));
    return true;
}

static bool read_subscribers(struct front *front, const char *path)
{
    FILE *file = fopen(path, "re");
    char text[256];
    bool ok = file != NULL;

    if (!file)
        perror(path);
    for (unsigned line = 1; ok && fgets(text, sizeof(text), file); line++) {
        struct ecs_str s = ecs_str_trim(ecs_str_of(text));
        if (s.n != 0 && s.p[0] != '#')
            ok = read_subscriber(front, s, line);
    }
    ecs_wipe(text, sizeof(text));
    if (file)
        fclose(file);
    return ok;
}

bool front_read_args(struct front *front, int argc, char **argv)
{
    static const struct option options[] = {
        {"subscribers", required_argument, NULL, 'f'},
        {"secret", required_argument, NULL, 's'},
        {"extras", required_argument, NULL, 'x'},
        {0},
    };
    const char *path = NULL;
    uint32_t extras = 0;
    bool ok = true;
    int letter;

    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (letter == 'f')
            path = optarg;
        else if (letter == 's')
            front->secret = ecs_str_of(optarg);
        else
            ok = letter == 'x' && ecs_str_to_u32(ecs_str_of(optarg), &extras) && extras <= 7 && ok;
    }
    if (!ok || !path || front->secret.n == 0 || optind != argc) {
        fputs("usage: radius_front --subscribers FILE --secret TEXT [--extras 0..7]\n", stderr);
        return false;
    }
    front->extras = extras;
    return read_subscribers(front, path);
}
