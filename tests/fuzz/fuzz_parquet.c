/* tests/fuzz/fuzz_parquet.c - any bytes at all as an object of the lake. The reader must come back
 * with a sentence or with columns whose every value can be looked at. */
#include "lake/parquet/column.h"
#include "tests/fuzz/fuzz.h"

/* Small, so that a claim of much memory is met by the limit and not by the machine. */
static const struct parquet_limits limits = {
    .rows = 1 << 16, .column_bytes = 1 << 20, .ignore_checksums = true};

/** Look at all of it: a value outside its memory is what the sanitizers wait for. */
static uint64_t look_at(const struct parquet_column *column, enum parquet_type type)
{
    uint64_t sum = 0;

    for (uint64_t row = 0; row < column->row_count; row++) {
        const union parquet_value *value;

        if (parquet_column_is_null(column, row)) {
            continue;
        }
        value = parquet_column_at(column, row);
        if (type != PARQUET_BYTE_ARRAY) {
            sum += (uint64_t)value->integer;
            continue;
        }
        for (uint32_t i = 0; i < value->text.size; i++) {
            sum += column->texts.bytes[value->text.offset + i];
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    struct parquet_footer footer;
    struct parquet_column column;
    struct error error;
    volatile uint64_t sum = 0;

    if (parquet_footer_parse(bytes, size_bytes, &footer, &error) != ERROR_OK) {
        return 0;
    }
    sum += parquet_footer_metadata(&footer, "leat.sha256") != NULL;
    parquet_column_init(&column, &limits);
    for (unsigned i = 0; i < footer.column_count; i++) {
        if (parquet_column_read(bytes, &footer, &footer.columns[i], &limits, &column, &error) ==
            ERROR_OK) {
            sum += look_at(&column, footer.columns[i].type);
        }
    }
    parquet_column_deinit(&column);
    (void)sum; /* it only keeps the compiler from leaving the looking out */
    return 0;
}
