/* SPDX-License-Identifier: Apache-2.0 */
/* A node with two doubles as peers. */
#pragma once

#include "diameter_asked.h"

DD_HELPER struct ecs_diameter_view view_of(const char *name)
{
    struct ecs_diameter_view rows[8];
    size_t n = ecs_diameter_node_view(node, rows, 8);

    for (size_t i = 0; i < n && i < 8; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i];
    return (struct ecs_diameter_view){.state = ECS_DIAMETER_STATE_COUNT};
}

DD_HELPER struct ecs_diameter_peer_conf peer_row(const char *name, const struct dd *dd)
{
    return (struct ecs_diameter_peer_conf){.name = name,
                                           .host = "127.0.0.1",
                                           .port = dd->port,
                                           .connect_ms = 1000,
                                           .answer_ms = 1500,
                                           .watchdog_ms = 20000,
                                           .reconnect_ms = 80,
                                           .stats = dd == &one ? &stats_one : &stats_two};
}

DD_HELPER void set_rows(const struct ecs_diameter_peer_conf *peers, size_t peers_n,
                        const struct ecs_diameter_route *routes, size_t routes_n)
{
    struct ecs_diameter_conf conf = {
        .peers = peers, .peers_n = peers_n, .routes = routes, .routes_n = routes_n, .stats = &stats_node};
    char err[200] = "";

    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_OK);
}

/* "one" before "two", both for realm "test". */
DD_HELPER void set_both(void (*change)(struct ecs_diameter_peer_conf *row))
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    static const struct ecs_diameter_route routes[] = {{"test", 0, "one", 1, 1}, {"test", 0, "two", 2, 1}};

    for (int i = 0; i < 2 && change; i++)
        change(&rows[i]);
    set_rows(rows, 2, routes, 2);
}

DD_HELPER void wait_okay(const char *name)
{
    TURN_UNTIL(view_of(name).state == ECS_DIAMETER_OKAY);
}

DD_HELPER int rig_open(void **state)
{
    static const struct ecs_diameter_identity me = {
        .host = "ecs.test",
        .realm = "test",
        .product = "ecs",
        .addresses = {"127.0.0.1"},
        .application = {{ECS_DIAMETER_APP_EAP, 0, false},
                        {ECS_DIAMETER_APP_SWM, ECS_DIAMETER_TGPP, false},
                        {ECS_DIAMETER_APP_RX, ECS_DIAMETER_TGPP, false},
                        {ECS_DIAMETER_APP_SWX, ECS_DIAMETER_TGPP, false}},
    };

    (void)state;
    memset(&stats_one, 0, sizeof(stats_one));
    memset(&stats_two, 0, sizeof(stats_two));
    memset(&stats_node, 0, sizeof(stats_node));
    loop = ecs_loop_new();
    assert_int_equal(ecs_loop_turn(loop, 0), ECS_OK);
    mailbox = ecs_mailbox_new(loop, NULL);
    dd_open(&one, loop, "one.test", 0);
    dd_open(&two, loop, "two.test", 0);
    node = ecs_diameter_node_new(loop, mailbox, &me, &hooks);
    handle = ecs_diameter_open(node, mailbox);
    assert_true(node && handle);
    return 0;
}

DD_HELPER int rig_close(void **state)
{
    (void)state;
    ecs_diameter_node_free(node);
    ecs_diameter_close(handle);
    turn_for(5);
    dd_kill(&one);
    dd_kill(&two);
    ecs_mailbox_free(mailbox);
    ecs_loop_free(loop);
    assert_int_equal(stats_one.in_flight, 0);
    assert_int_equal(stats_two.in_flight, 0);
    assert_int_equal(stats_one.breaker_open, 0);
    return 0;
}
