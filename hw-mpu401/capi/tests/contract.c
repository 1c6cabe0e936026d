/*
 * What the header promises a host that makes mistakes: null pointers, unknown names and numbers,
 * and time that goes back. Prints each promise that does not hold, and how many were looked at.
 */
#include "mpu401.h"

#include <stddef.h>
#include <stdio.h>

static int looked_at;
static int broken;

#define PROMISE(condition)                                     \
    do {                                                       \
        looked_at++;                                           \
        if (!(condition)) {                                    \
            broken++;                                          \
            printf("line %d: not so: %s\n", __LINE__, #condition); \
        }                                                      \
    } while (0)

static void null_pointers_are_refused(void)
{
    uint64_t start_ns = 7;
    uint8_t byte = 7;

    PROMISE(mpu401_new(NULL) == NULL);
    mpu401_free(NULL);
    PROMISE(mpu401_read(NULL, 0, 1000) == 0xFF);
    mpu401_write(NULL, 0, 0x90, 1000);
    PROMISE(mpu401_advance(NULL, 1000) == MPU401_NEVER_NS);
    PROMISE(!mpu401_interrupt(NULL));
    mpu401_midi_in(NULL, 1000, 0x90);
    PROMISE(!mpu401_midi_out(NULL, &start_ns, &byte));
    PROMISE(start_ns == 7 && byte == 7);
    PROMISE(mpu401_count(NULL, MPU401_COUNT_DATA_READS) == 0);
}

static void a_byte_is_kept_until_it_can_be_given(Mpu401 *chip)
{
    uint64_t start_ns = 7;
    uint8_t byte = 7;

    mpu401_write(chip, 0, 0x90, 1000);
    mpu401_advance(chip, 10000000);
    PROMISE(!mpu401_midi_out(chip, NULL, &byte));
    PROMISE(!mpu401_midi_out(chip, &start_ns, NULL));
    PROMISE(mpu401_midi_out(chip, &start_ns, &byte));
    PROMISE(start_ns >= 1000 && byte == 0x90);
    PROMISE(!mpu401_midi_out(chip, &start_ns, &byte));
}

static void mistakes_with_time_are_counted(Mpu401 *chip)
{
    PROMISE(mpu401_count(chip, MPU401_COUNT_CLAMPED_TIMES) == 0);
    mpu401_read(chip, 1, 0);
    PROMISE(mpu401_count(chip, MPU401_COUNT_CLAMPED_TIMES) == 1);
    PROMISE(mpu401_advance(chip, UINT64_MAX) == MPU401_NEVER_NS);
    PROMISE(mpu401_count(chip, MPU401_COUNT_CLAMPED_TIMES) == 2);
}

int main(void)
{
    Mpu401 *chip = mpu401_new("clone-dumb");
    Mpu401 *other = mpu401_new("sb16");

    null_pointers_are_refused();
    PROMISE(mpu401_new("") == NULL);
    PROMISE(mpu401_new("sound-blaster-17") == NULL);
    PROMISE(mpu401_new("\xFF\xFE") == NULL);
    PROMISE(chip != NULL && other != NULL);

    a_byte_is_kept_until_it_can_be_given(chip);
    mistakes_with_time_are_counted(chip);
    PROMISE(mpu401_read(chip, 0xFFFF, UINT64_MAX) == 0xFF);
    PROMISE(mpu401_count(chip, MPU401_COUNT_BYTES_SENT) == 1);
    PROMISE(mpu401_count(chip, MPU401_COUNT_CLAMPED_TIMES + 1) == 0);
    PROMISE(mpu401_count(chip, UINT32_MAX) == 0);
    PROMISE(mpu401_count(other, MPU401_COUNT_STATUS_READS) == 0);

    mpu401_free(chip);
    mpu401_free(other);
    printf("%d of %d promises are broken\n", broken, looked_at);
    return broken != 0;
}
