/*
 * The card in a PC emulator, as a starting point to copy: port handlers, a timer, an interrupt
 * line and MIDI both ways. The functions whose names begin with `pc_` stand for what the emulator
 * has; everything else is the adapter. docs/embedding.md explains it.
 */
#include "mpu401.h"

#include <stdlib.h>

/* What the emulator has. */
uint64_t pc_now_ns(void);
void pc_set_interrupt(unsigned irq, bool level);
void pc_set_timer(void (*fires)(void *card), void *card, uint64_t at_ns);
void pc_stop_timer(void *card);
void pc_map_ports(uint16_t base, uint16_t count, void *card);
void pc_send_midi(uint8_t byte, uint64_t start_ns);

struct midi_card {
    Mpu401 *chip;
    uint64_t power_on_ns;
    uint16_t base;
    unsigned irq;
};

/* Tells the machine what has changed: after every call to the chip, and when the timer fires. */
static void midi_card_update(void *opaque)
{
    struct midi_card *card = opaque;
    uint64_t now_ns = pc_now_ns() - card->power_on_ns;
    uint64_t next_ns, start_ns;
    uint8_t byte;

    do {
        next_ns = mpu401_advance(card->chip, now_ns);
        while (mpu401_midi_out(card->chip, &start_ns, &byte))
            pc_send_midi(byte, card->power_on_ns + start_ns);
    } while (next_ns <= now_ns);

    pc_set_interrupt(card->irq, mpu401_interrupt(card->chip));
    if (next_ns == MPU401_NEVER_NS)
        pc_stop_timer(card);
    else
        pc_set_timer(midi_card_update, card, card->power_on_ns + next_ns);
}

uint8_t midi_card_read(struct midi_card *card, uint16_t port)
{
    uint64_t now_ns = pc_now_ns() - card->power_on_ns;
    uint8_t value = mpu401_read(card->chip, (uint16_t)(port - card->base), now_ns);

    midi_card_update(card);
    return value;
}

void midi_card_write(struct midi_card *card, uint16_t port, uint8_t value)
{
    uint64_t now_ns = pc_now_ns() - card->power_on_ns;

    mpu401_write(card->chip, (uint16_t)(port - card->base), value, now_ns);
    midi_card_update(card);
}

/* A byte comes from a keyboard on the host. It follows the byte before it on the wire. */
void midi_card_receive(struct midi_card *card, uint8_t byte)
{
    mpu401_midi_in(card->chip, pc_now_ns() - card->power_on_ns, byte);
    midi_card_update(card);
}

/* A write to the register of the card that enables its interrupts, if the card has one. */
void midi_card_enable_interrupts(struct midi_card *card, bool receive, bool transmit)
{
    uint32_t causes = (receive ? MPU401_CAUSE_RECEIVE : 0) |
                      (transmit ? MPU401_CAUSE_TRANSMIT : 0);

    mpu401_set_interrupt_enables(card->chip, causes, pc_now_ns() - card->power_on_ns);
    midi_card_update(card);
}

/* Switches the card on; also again, when the machine is reset. Returns false if there is no card
   of this name. */
bool midi_card_power_on(struct midi_card *card, const char *name, uint16_t base, unsigned irq)
{
    mpu401_free(card->chip);
    card->chip = mpu401_new(name);
    if (!card->chip)
        return false;
    card->power_on_ns = pc_now_ns();
    card->base = base;
    card->irq = irq;
    pc_map_ports(base, (uint16_t)(mpu401_status_offset(card->chip) + 1), card);
    midi_card_update(card);
    return true;
}

void midi_card_remove(struct midi_card *card)
{
    pc_stop_timer(card);
    pc_set_interrupt(card->irq, false);
    mpu401_free(card->chip);
    card->chip = NULL;
}
