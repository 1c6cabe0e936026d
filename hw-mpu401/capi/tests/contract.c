/*
 * What the header promises a host that makes mistakes: null pointers, unknown names and numbers,
 * and time that goes back. Prints each promise that does not hold, and how many were looked at.
 */
#include "mpu401.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
    bool accented = true;

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
    PROMISE(mpu401_new_with_timing(NULL, MPU401_TIMING_TYPICAL, 0) == NULL);
    PROMISE(mpu401_new_from_card_file(NULL, MPU401_TIMING_TYPICAL, 0, NULL, 0) == NULL);
    PROMISE(mpu401_status_offset(NULL) == 0);
    PROMISE(mpu401_interrupt_causes(NULL) == 0);
    mpu401_midi_in_at_speed(NULL, 1000, 0x90, 38400);
    mpu401_midi_in_without_stop(NULL, 1000, 0x90);
    mpu401_midi_in_break(NULL, 1000, 500000);
    mpu401_set_interrupt_enables(NULL, MPU401_CAUSE_RECEIVE, 1000);
    mpu401_set_interrupt_gate(NULL, true, 1000);
    mpu401_set_active(NULL, true, 1000);
    PROMISE(!mpu401_click(NULL, &start_ns, &accented));
    PROMISE(start_ns == 7 && accented);
}

static void a_card_file_is_a_card_or_says_what_is_wrong(void)
{
    static const char good[] = "name = \"mine\"\n"
                               "family = \"fifo-chip\"\n"
                               "status-offset = 3\n"
                               "tx-depth = 4\n"
                               "transmit-interrupt = \"empty\"\n"
                               "interrupt-enables = []\n";
    static const char bad[] = "name = \"mine\"\nfamily = \"fifo-chip\"\ntx-depht = 4\n";
    char message[100] = "untouched";
    char short_message[8];
    Mpu401 *card = mpu401_new_from_card_file(good, MPU401_TIMING_TYPICAL, 0, message, sizeof message);

    PROMISE(card != NULL && strcmp(message, "") == 0);
    PROMISE(mpu401_status_offset(card) == 3);
    PROMISE((mpu401_read(card, 3, 1000) & 0xC0) == 0x80);
    PROMISE(mpu401_read(card, 1, 2000) == 0xFF);
    PROMISE(mpu401_interrupt_causes(card) == MPU401_CAUSE_TRANSMIT);
    PROMISE(!mpu401_interrupt(card));
    mpu401_set_interrupt_enables(card, MPU401_CAUSE_TRANSMIT, 3000);
    PROMISE(mpu401_interrupt(card));
    mpu401_free(card);

    PROMISE(!mpu401_new_from_card_file(bad, MPU401_TIMING_TYPICAL, 0, message, sizeof message));
    PROMISE(strncmp(message, "card:3:1: there is no key tx-depht", 34) == 0);
    PROMISE(!mpu401_new_from_card_file(bad, MPU401_TIMING_TYPICAL, 0, short_message, 8));
    PROMISE(strcmp(short_message, "card:3:") == 0);
    PROMISE(!mpu401_new_from_card_file(bad, MPU401_TIMING_TYPICAL, 0, NULL, 100));
    PROMISE(!mpu401_new_from_card_file(good, 4, 0, message, sizeof message));
    PROMISE(strcmp(message, "there is no timing of this number") == 0);
}

/* The time at which the busy time after power-on ends. */
static uint64_t ready_ns(Mpu401 *card)
{
    uint64_t now_ns = 0;

    mpu401_write(card, 1, 0xFF, 0);
    while (mpu401_read(card, 1, now_ns) & 0x40)
        now_ns += 1000;
    mpu401_free(card);
    return now_ns;
}

static void the_timing_can_be_chosen(void)
{
    uint64_t shortest = ready_ns(mpu401_new_with_timing("roland-mpu401", MPU401_TIMING_SHORTEST, 0));
    uint64_t typical = ready_ns(mpu401_new_with_timing("roland-mpu401", MPU401_TIMING_TYPICAL, 0));
    uint64_t longest = ready_ns(mpu401_new_with_timing("roland-mpu401", MPU401_TIMING_LONGEST, 0));
    uint64_t seeded = ready_ns(mpu401_new_with_timing("roland-mpu401", MPU401_TIMING_SEEDED, 7));

    PROMISE(typical == ready_ns(mpu401_new("roland-mpu401")));
    PROMISE(shortest <= seeded && seeded <= longest && shortest <= typical && typical <= longest);
    PROMISE(seeded == ready_ns(mpu401_new_with_timing("roland-mpu401", MPU401_TIMING_SEEDED, 7)));
    PROMISE(mpu401_new_with_timing("roland-mpu401", 4, 0) == NULL);
}

static void a_card_hears_and_interrupts_as_its_machine_lets_it(Mpu401 *card)
{
    uint64_t now_ns = 1000000;

    mpu401_write(card, 1, 0x3F, now_ns);
    PROMISE(mpu401_read(card, 0, now_ns += 1000) == 0xFE);
    mpu401_midi_in_break(card, now_ns, 500000);
    mpu401_advance(card, now_ns += 1000000);
    PROMISE(mpu401_interrupt(card) && mpu401_interrupt_causes(card) == MPU401_CAUSE_RECEIVE);
    mpu401_set_interrupt_gate(card, false, now_ns);
    PROMISE(!mpu401_interrupt(card) && mpu401_interrupt_causes(card) == MPU401_CAUSE_RECEIVE);
    mpu401_set_interrupt_gate(card, true, now_ns);
    PROMISE(mpu401_interrupt(card));
    PROMISE(mpu401_read(card, 0, now_ns += 1000) == 0x00);

    mpu401_midi_in_without_stop(card, now_ns, 0x90);
    mpu401_advance(card, now_ns += 1000000);
    PROMISE(mpu401_read(card, 0, now_ns += 1000) == 0x90);
    mpu401_midi_in_at_speed(card, now_ns, 0x90, 38400);
    mpu401_advance(card, now_ns += 1000000);
    PROMISE(mpu401_read(card, 0, now_ns += 1000) == 0xC8);

    mpu401_set_active(card, false, now_ns);
    PROMISE(mpu401_read(card, 1, now_ns) == 0xFF && mpu401_read(card, 0, now_ns) == 0xFF);
    mpu401_set_active(card, true, now_ns);
    PROMISE((mpu401_read(card, 1, now_ns) & 0xC0) == 0x80);
    PROMISE(mpu401_count(card, MPU401_COUNT_CLAMPED_TIMES) == 0);
}

/* Command 83 switches the metronome on, without accents, and 0A starts the play that it follows. */
static void the_metronome_clicks(void)
{
    Mpu401 *card = mpu401_new("roland-mpu401");
    uint64_t now_ns = 100000000;
    uint64_t first_ns = 0, second_ns = 0;
    bool accented = true;

    mpu401_write(card, 1, 0x83, now_ns);
    PROMISE(!mpu401_click(card, &first_ns, &accented));
    mpu401_advance(card, now_ns += 1000000);
    PROMISE(mpu401_read(card, 0, now_ns) == 0xFE);
    mpu401_write(card, 1, 0x0A, now_ns);
    mpu401_advance(card, now_ns += 1000000);
    PROMISE(mpu401_read(card, 0, now_ns) == 0xFE);
    mpu401_advance(card, now_ns += 2000000000);
    PROMISE(!mpu401_click(card, NULL, &accented) && !mpu401_click(card, &first_ns, NULL));
    PROMISE(mpu401_click(card, &first_ns, &accented) && !accented);
    PROMISE(mpu401_click(card, &second_ns, &accented) && second_ns > first_ns);
    mpu401_free(card);
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
    Mpu401 *third = mpu401_new("smsc-superio");

    null_pointers_are_refused();
    PROMISE(mpu401_new("") == NULL);
    PROMISE(mpu401_new("sound-blaster-17") == NULL);
    PROMISE(mpu401_new("\xFF\xFE") == NULL);
    PROMISE(chip != NULL && other != NULL && third != NULL);

    a_byte_is_kept_until_it_can_be_given(chip);
    mistakes_with_time_are_counted(chip);
    PROMISE(mpu401_read(chip, 0xFFFF, UINT64_MAX) == 0xFF);
    PROMISE(mpu401_count(chip, MPU401_COUNT_BYTES_SENT) == 1);
    PROMISE(mpu401_count(chip, MPU401_COUNT_CLAMPED_TIMES + 1) == 0);
    PROMISE(mpu401_count(chip, UINT32_MAX) == 0);
    PROMISE(mpu401_count(other, MPU401_COUNT_STATUS_READS) == 0);

    a_card_file_is_a_card_or_says_what_is_wrong();
    the_timing_can_be_chosen();
    a_card_hears_and_interrupts_as_its_machine_lets_it(third);
    the_metronome_clicks();

    mpu401_free(chip);
    mpu401_free(other);
    mpu401_free(third);
    printf("%d of %d promises are broken\n", broken, looked_at);
    return broken != 0;
}
