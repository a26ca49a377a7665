/* agent/store/codec_state.h - what encoder and decoder both remember, and how a number is told.
 *
 * Included by the files codec_*.c alone.  Depends on: codec, base.  Threads: pure.
 */
#ifndef AGENT_STORE_CODEC_STATE_H
#define AGENT_STORE_CODEC_STATE_H

#include "agent/store/codec.h"
#include "base/varint.h"

#include <string.h>

/** How a value is turned into the integer whose difference is sent. The byte on disk is
 *  form | exponent << 3. */
enum codec_form {
    FORM_INTEGER,   /* itself */
    FORM_NONE,      /* no value: not in the value column at all */
    FORM_TEXT,      /* its length */
    FORM_DECIMAL64, /* value * 10^exponent, when dividing gives back the same double */
    FORM_DECIMAL32, /* the same for a double that came from a float */
    FORM_BITS32,    /* the bits of that float */
    FORM_BITS64,    /* the bits of the double */
    FORM_COUNT
};

enum { CODEC_EXPONENT_MAX = 9, CODEC_FORM_BITS = 3, CODEC_FORM_MASK = 7 };

/** A row of the point table; zeroed it is a point never seen. */
struct codec_point {
    int64_t last;       /* integer sent last, in number_kind's form */
    uint32_t handle;    /* whose row this is */
    uint32_t next_step; /* the sample after this point's was of point handle + 1 + next_step */
    uint32_t status;
    uint8_t kind;        /* of its last sample in the kind column: form | exponent << 3 */
    uint8_t number_kind; /* of its last sample in the value column, which `last` is in */
    uint8_t learned;     /* encoder only: kind of its last sample that had a value */
    uint8_t patience;    /* encoder only: samples until decimals are tried again */
};

/* Columns are read one after the other, so each field above is touched by one column alone (C2);
 * a row taken over in one column is lost in the next ones on both sides alike. */

struct codec_state {
    struct codec_point *points;
    uint32_t mask;
    uint32_t previous_handle;
    int64_t previous_time;
    int64_t previous_step; /* between the last two different times */
    int64_t previous_lag;
};

static inline void codec_state_reset(struct codec_state *state, int64_t t0_ns)
{
    memset(state->points, 0, ((size_t)state->mask + 1) * sizeof(*state->points));
    state->previous_handle = 0;
    state->previous_time = t0_ns;
    state->previous_step = 0;
    state->previous_lag = 0;
}

/** The row of `handle`, taken over from another point if it must be (C3). */
static inline struct codec_point *codec_point_of(struct codec_state *state, uint32_t handle)
{
    struct codec_point *point = &state->points[handle & state->mask];

    if (point->handle != handle) {
        *point = (struct codec_point){.handle = handle};
    }
    return point;
}

static inline uint32_t codec_predicted_handle(struct codec_state *state)
{
    return state->previous_handle + 1 + codec_point_of(state, state->previous_handle)->next_step;
}

static inline void codec_learn_handle(struct codec_state *state, uint32_t handle)
{
    codec_point_of(state, state->previous_handle)->next_step = handle - state->previous_handle - 1;
    state->previous_handle = handle;
}

/* Differences wrap, so that any two int64 have one. */
static inline int64_t codec_plus(int64_t left, int64_t right)
{
    return (int64_t)((uint64_t)left + (uint64_t)right);
}

static inline int64_t codec_minus(int64_t left, int64_t right)
{
    return (int64_t)((uint64_t)left - (uint64_t)right);
}

static inline bool codec_is_decimal(unsigned kind)
{
    unsigned form = kind & CODEC_FORM_MASK;

    return form == FORM_DECIMAL64 || form == FORM_DECIMAL32;
}

double codec_power_of_ten(unsigned exponent);

/** The double that `integer` stands for; `kind` is one of the four double forms. */
double codec_real_of(unsigned kind, int64_t integer);

/** The kind in which a double of this point is sent, and its integer: the decimals that the point
 *  had last if they fit, else the fewest that do, else its bits. Encoder only (codec_form.c). */
unsigned codec_form_of_real(struct codec_point *point, double real, int64_t *integer);

/** The next value is of `kind`: bring `last` into that form. */
void codec_point_turn(struct codec_point *point, unsigned kind);

/** The time units a batch may be told in: ns, us, ms, s. */
enum { CODEC_UNIT_COUNT = 4 };
int64_t codec_unit_ns(unsigned index);

#endif
