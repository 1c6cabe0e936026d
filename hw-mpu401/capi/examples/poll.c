/*
 * Plays one note like a driver without interrupts: the program polls STATUS before each access.
 *
 *     cc examples/poll.c -Iinclude -L../../target/release -lmpu401 -o poll && ./poll sb16
 *
 * Prints when each byte began on MIDI OUT, in nanoseconds since power-on.
 */
#include "mpu401.h"

#include <inttypes.h>
#include <stdio.h>

/* The two flags of STATUS. A flag is 0 when an access is possible. */
enum { NO_DATA = 0x80, NOT_READY = 0x40 };

/* The offset of DATA from the base port. */
enum { DATA = 0 };

/* One access to an ISA card takes about this long. */
enum { ACCESS_NS = 1000 };

/* Polls for this long at most: 100 ms, longer than any card is busy. */
enum { POLLS = 100000 };

static bool wait_for(Mpu401 *chip, uint8_t flag, uint64_t *now_ns)
{
    for (int poll = 0; poll < POLLS; poll++) {
        *now_ns += ACCESS_NS;
        if (!(mpu401_read(chip, mpu401_status_offset(chip), *now_ns) & flag))
            return true;
    }
    return false;
}

static bool put(Mpu401 *chip, uint16_t offset, uint8_t value, uint64_t *now_ns)
{
    if (!wait_for(chip, NOT_READY, now_ns))
        return false;
    *now_ns += ACCESS_NS;
    mpu401_write(chip, offset, value, *now_ns);
    return true;
}

static void print_sent(Mpu401 *chip)
{
    uint64_t start_ns;
    uint8_t byte;

    while (mpu401_midi_out(chip, &start_ns, &byte))
        printf("%10" PRIu64 " ns  %02X on MIDI OUT\n", start_ns, byte);
}

static bool play(Mpu401 *chip)
{
    static const uint8_t note[] = { 0x90, 0x3C, 0x40 };
    uint64_t now_ns = 0;
    uint64_t next_ns;

    if (!put(chip, mpu401_status_offset(chip), 0x3F, &now_ns) || !wait_for(chip, NO_DATA, &now_ns))
        return false;
    now_ns += ACCESS_NS;
    print_sent(chip);
    printf("%10" PRIu64 " ns  %02X answers 3F\n", now_ns, mpu401_read(chip, DATA, now_ns));

    for (size_t i = 0; i < sizeof note; i++)
        if (!put(chip, DATA, note[i], &now_ns))
            return false;

    /* Now the program only lets time pass, from event to event. */
    do {
        next_ns = mpu401_advance(chip, now_ns);
        print_sent(chip);
        now_ns = next_ns;
    } while (next_ns != MPU401_NEVER_NS);
    return true;
}

int main(int argc, char **argv)
{
    const char *card_name = argc > 1 ? argv[1] : "roland-mpu401";
    Mpu401 *chip = mpu401_new(card_name);
    bool played;

    if (!chip) {
        fprintf(stderr, "poll: there is no card named %s\n", card_name);
        return 2;
    }
    played = play(chip);
    printf("%" PRIu64 " reads of STATUS, %" PRIu64 " bytes sent, %" PRIu64 " dropped\n",
           mpu401_count(chip, MPU401_COUNT_STATUS_READS),
           mpu401_count(chip, MPU401_COUNT_BYTES_SENT),
           mpu401_count(chip, MPU401_COUNT_BYTES_DROPPED));
    mpu401_free(chip);
    if (!played)
        fprintf(stderr, "poll: the card did not answer\n");
    return played ? 0 : 1;
}
