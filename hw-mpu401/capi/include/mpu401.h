/*
 * An MPU-401 MIDI interface for a PC emulator: the chip, its timing and its known faults.
 *
 *     Mpu401 *chip = mpu401_new("roland-mpu401");
 *     uint8_t status = mpu401_read(chip, mpu401_status_offset(chip), now_ns);
 *     mpu401_write(chip, 0, 0x90, now_ns);
 *     uint64_t next_ns = mpu401_advance(chip, now_ns);
 *     bool line = mpu401_interrupt(chip);
 *     while (mpu401_midi_out(chip, &start_ns, &byte)) ...
 *     mpu401_free(chip);
 *
 * Times are nanoseconds of emulated time since the card was made and powered on. The host owns
 * time: time passes in the calls that take now_ns, and must not go back. A time that is earlier
 * than the latest time seen is taken as the latest time seen. A time above INT64_MAX (292 years) is
 * taken as INT64_MAX. Both mistakes are counted and cause no crash.
 *
 * A null pointer is refused: the call does nothing and returns what its description says. Nothing
 * is allocated between mpu401_new and mpu401_free. There is no state outside an instance: two
 * instances know nothing of each other. Two threads must not use one instance at once; an instance
 * may move from one thread to another.
 *
 * docs/embedding.md is the guide, examples/adapter.c a starting point to copy.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef MPU401_H
#define MPU401_H

/* Generated from the Rust sources by cbindgen: change those, not this file. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The time that means: there will be no event.
 */
#define MPU401_NEVER_NS UINT64_MAX

/**
 * Time that a byte takes on a MIDI line, from its start bit to the end of its stop bit.
 */
#define MPU401_BYTE_TIME_NS 320000

/**
 * The most sent bytes that wait for mpu401_midi_out.
 */
#define MPU401_OUTPUT_LIMIT 4096

/**
 * The most bytes and breaks that a host has given to mpu401_midi_in and that wait for the line.
 */
#define MPU401_INPUT_LIMIT 4096

/**
 * The most clicks of the metronome that wait for mpu401_click. A further click drops the oldest.
 */
#define MPU401_CLICK_LIMIT 64

/**
 * A cause of an interrupt: a byte for the host, or enough bytes from MIDI IN.
 */
#define MPU401_CAUSE_RECEIVE 1

/**
 * A cause of an interrupt: room for output, on a card with a transmit interrupt.
 */
#define MPU401_CAUSE_TRANSMIT 2

/**
 * What mpu401_count counts, from the moment when the card was made.
 */
typedef enum {
    /**
     * Reads of DATA.
     */
    MPU401_COUNT_DATA_READS = 0,
    /**
     * Reads of STATUS.
     */
    MPU401_COUNT_STATUS_READS = 1,
    /**
     * Writes to DATA.
     */
    MPU401_COUNT_DATA_WRITES = 2,
    /**
     * Writes to COMMAND.
     */
    MPU401_COUNT_COMMAND_WRITES = 3,
    /**
     * Bytes that have left on MIDI OUT, including bytes that the unit sends by itself.
     */
    MPU401_COUNT_BYTES_SENT = 4,
    /**
     * Bytes that have arrived on MIDI IN.
     */
    MPU401_COUNT_BYTES_RECEIVED = 5,
    /**
     * Bytes that were lost. For MIDI OUT: bytes overwritten before the card took them, bytes
     * written without effect, and bytes that a reset or the entry into UART mode dropped. From
     * MIDI IN: bytes beyond what the line or the card could hold, bytes that came while the card
     * was busy or did not pass them on, bytes without a stop bit that the card did not take, bytes
     * of MIDI thru that found the output full, and bytes that a reset or the entry into UART mode
     * dropped. To the host: bytes sent while the queue of mpu401_midi_out was full.
     */
    MPU401_COUNT_BYTES_DROPPED = 6,
    /**
     * Times that were clamped: a time before the latest time seen, or after INT64_MAX.
     */
    MPU401_COUNT_CLAMPED_TIMES = 7,
} Mpu401Count;

/**
 * Which point of its range each latency of a card has.
 */
typedef enum {
    /**
     * The usual times.
     */
    MPU401_TIMING_TYPICAL = 0,
    /**
     * The shortest times.
     */
    MPU401_TIMING_SHORTEST = 1,
    /**
     * The longest times.
     */
    MPU401_TIMING_LONGEST = 2,
    /**
     * A new time for each event. The same seed and the same calls give the same times.
     */
    MPU401_TIMING_SEEDED = 3,
} Mpu401Timing;

/**
 * A card: made by mpu401_new, ended by mpu401_free.
 */
typedef struct Mpu401 Mpu401;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a card and powers it on, at time 0. A card with firmware is busy until it is ready.
 *
 * Returns NULL if there is no card of this name or the name is NULL.
 *
 * # Safety
 *
 * The name is NULL or a string that ends in a zero byte. The card does not keep the pointer.
 */
Mpu401 *mpu401_new(const char *card_name);

/**
 * Makes a card as mpu401_new does, with other latencies. `timing` is one of Mpu401Timing; any
 * other number gives NULL. Only MPU401_TIMING_SEEDED uses the seed.
 *
 * # Safety
 *
 * As for mpu401_new.
 */
Mpu401 *mpu401_new_with_timing(const char *card_name, uint32_t timing, uint64_t seed);

/**
 * Makes a card of the text of a card file, as docs/card-files.md describes it, and powers it on at
 * time 0. `timing` and `seed` are as for mpu401_new_with_timing.
 *
 * Returns NULL if the text is not a card file, and writes what is wrong with it into `message`: as
 * much as `message_size` bytes can hold, with a zero byte at the end. If `message` is NULL or its
 * size is 0, nothing is written. If the card is made, the message is empty.
 *
 * # Safety
 *
 * The text is NULL or a string that ends in a zero byte. `message` is NULL or points to
 * `message_size` bytes that may be written. The card does not keep the pointers.
 */
Mpu401 *mpu401_new_from_card_file(const char *card_file,
                                  uint32_t timing,
                                  uint64_t seed,
                                  char *message,
                                  uintptr_t message_size);

/**
 * Ends a card. NULL is no card, and nothing happens.
 */
void mpu401_free(Mpu401 *m);

/**
 * Where STATUS and COMMAND are, counted from DATA: 1 on most cards, 2 on a PC-98. The card takes
 * the ports from its base port up to this offset. A card with a control register also takes
 * base + 2. 0 if the card is NULL.
 */
uint16_t mpu401_status_offset(const Mpu401 *m);

/**
 * Reads the register at an offset from the base port: DATA at 0, STATUS at mpu401_status_offset.
 *
 * Call mpu401_interrupt and mpu401_advance afterwards: a read can change the line and the time of
 * the next event. If the offset has no register, or the card is NULL, the value is FF.
 */
uint8_t mpu401_read(Mpu401 *m, uint16_t offset, uint64_t now_ns);

/**
 * Writes the register at an offset from the base port: DATA at 0, COMMAND at mpu401_status_offset.
 *
 * Call mpu401_interrupt and mpu401_advance afterwards, as after a read. If the offset has no
 * register, nothing happens.
 */
void mpu401_write(Mpu401 *m, uint16_t offset, uint8_t value, uint64_t now_ns);

/**
 * Lets time pass and returns when something may happen next: the interrupt line may change, or a
 * byte starts or ends on a MIDI line. Returns MPU401_NEVER_NS if nothing will happen, or if the
 * card is NULL.
 *
 * The time returned is later than now_ns, with one exception. Time stops when MPU401_OUTPUT_LIMIT
 * sent bytes wait for mpu401_midi_out, and the function returns the time at which time has
 * stopped. So if the time returned is not later than now_ns, fetch the bytes and call the function
 * again.
 */
uint64_t mpu401_advance(Mpu401 *m, uint64_t now_ns);

/**
 * Whether the interrupt line is up, at the latest time seen. False for NULL.
 */
bool mpu401_interrupt(const Mpu401 *m);

/**
 * Puts a byte on MIDI IN, with its start bit at start_ns, which may be in the future. Time does
 * not pass.
 *
 * If the byte would overlap the byte given before, it starts when that byte ends. When
 * MPU401_INPUT_LIMIT bytes wait, a further byte is lost and counted. Call mpu401_advance
 * afterwards.
 */
void mpu401_midi_in(Mpu401 *m, uint64_t start_ns, uint8_t byte);

/**
 * Puts a byte on MIDI IN as mpu401_midi_in does, from a sender at another speed, in bits per
 * second. The card works at 31250 bit/s and may read other bytes. A speed below 300 or above
 * 250000 counts as the nearest of these.
 */
void mpu401_midi_in_at_speed(Mpu401 *m, uint64_t start_ns, uint8_t byte, uint32_t bits_per_second);

/**
 * Puts a byte on MIDI IN as mpu401_midi_in does, with a space in the place of its stop bit. A card
 * takes such a byte or drops it.
 */
void mpu401_midi_in_without_stop(Mpu401 *m, uint64_t start_ns, uint8_t byte);

/**
 * Puts a break on MIDI IN: the line is at space for duration_ns, or for one bit (32000 ns) if
 * duration_ns is shorter. What mpu401_midi_in says about a byte is also true of a break.
 */
void mpu401_midi_in_break(Mpu401 *m, uint64_t start_ns, uint64_t duration_ns);

/**
 * The causes of an interrupt that are there at the latest time seen, whether or not they are
 * enabled: a sum of MPU401_CAUSE_RECEIVE and MPU401_CAUSE_TRANSMIT. A card may show them in a
 * register of its own. 0 for NULL.
 */
uint32_t mpu401_interrupt_causes(const Mpu401 *m);

/**
 * Sets which causes can raise the interrupt line: a sum of MPU401_CAUSE_RECEIVE and
 * MPU401_CAUSE_TRANSMIT. Other bits have no meaning. On a real card a register outside the two
 * ports holds this setting; the card file says what it is at power-on.
 *
 * Call mpu401_interrupt and mpu401_advance afterwards, as after a read. Do this also after
 * mpu401_set_interrupt_gate and mpu401_set_active.
 */
void mpu401_set_interrupt_enables(Mpu401 *m, uint32_t causes, uint64_t now_ns);

/**
 * Opens or closes the gate between the interrupt and the line, as a bit of the mixer does on some
 * cards. While it is closed, the line is low and nothing else changes.
 */
void mpu401_set_interrupt_gate(Mpu401 *m, bool open, uint64_t now_ns);

/**
 * Activates or deactivates the card, as Plug and Play does. While it is not active, reads give FF,
 * writes and MIDI IN are lost, and the line is low.
 */
void mpu401_set_active(Mpu401 *m, bool active, uint64_t now_ns);

/**
 * Fetches the oldest click of the metronome: its time, and whether it is accented.
 *
 * When no click waits, the function returns false and does not change the two values. When one of
 * the pointers is NULL, the function returns false and fetches no click. Only a card with the
 * firmware of intelligent mode makes clicks.
 */
bool mpu401_click(Mpu401 *m, uint64_t *time_ns, bool *accented);

/**
 * Fetches the oldest byte that has left on MIDI OUT, and the time at which its start bit began.
 * Its stop bit ended MPU401_BYTE_TIME_NS later. The function does not return a byte that is still
 * on the line.
 *
 * When no byte waits, the function returns false and does not change the two values. When one of
 * the pointers is NULL, the function returns false and fetches no byte.
 *
 * mpu401_advance lets time stop when MPU401_OUTPUT_LIMIT bytes wait for this function. An access
 * never stops time. If MPU401_OUTPUT_LIMIT bytes wait at some time before the access, the bytes
 * sent from then on up to the access are lost and counted.
 */
bool mpu401_midi_out(Mpu401 *m, uint64_t *start_ns, uint8_t *byte);

/**
 * How often something has happened since the card was made. `which` says what is counted, and is
 * one of Mpu401Count; any other number gives 0. If the card is NULL, the result is 0.
 */
uint64_t mpu401_count(const Mpu401 *m, uint32_t which);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MPU401_H */
