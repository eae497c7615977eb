/* SPDX-License-Identifier: Apache-2.0 */
/* The attribute table as the decoder and the encoder see it. */
#pragma once

#include "ecs/eap.h"

enum layout {
    LAYOUT_FIXED,     /* 2 reserved, value of the whole rest */
    LAYOUT_EMPTY,     /* 2 reserved */
    LAYOUT_NUMBER,    /* 2 = number */
    LAYOUT_KDF,       /* 2 = number, may repeat */
    LAYOUT_WHOLE,     /* value at once, no reserved bytes */
    LAYOUT_RES,       /* 2 = bits, value, zero padding */
    LAYOUT_SIZED,     /* 2 = bytes, value, zero padding */
    LAYOUT_BLOCKS,    /* 2 reserved, value of whole cipher blocks */
    LAYOUT_CHECKCODE, /* 2 reserved, empty or a digest */
    LAYOUT_PADDING,   /* zeros */
};

struct ecs_eap_attr_row {
    const char *name;
    uint8_t number;
    enum layout layout;
    uint8_t low, high; /* length field */
    bool prime;
    uint32_t must, may, ignored; /* bits of enum ecs_eap_message */
};

extern const struct ecs_eap_attr_row ecs_eap_attr_rows[ECS_AT_COUNT];
