// What the service routine and the rest of the driver share: the card and what it sent.
//
// Every method that touches the registers or the ring runs at the level of the interrupt with its
// lock held, or where no interrupt can come between. Nothing here allocates or waits.
#pragma once

#include "registers.h"

// What a byte from the card means, and whether the card may be touched at all.
enum class Mode
{
    Off,     // No power, or a card that does not work.
    Command, // Commands are under way: FE is an answer, the rest is thrown away.
    Uart,    // Every byte is MIDI, FE among them.
};

// Bytes that wait for the DPC: a third of a second of MIDI.
constexpr ULONG RingBytes = 1024;

class Card
{
public:
    Card(Registers registers, PPORTMIDI port, PSERVICEGROUP group);
    virtual ~Card();

    // The service routine: takes what waits; STATUS_SUCCESS if that was anything.
    virtual NTSTATUS ServeInterrupt();

    // Drains the card and, if it then takes one, writes a command; returns what it was decided by.
    Status TryCommand(UCHAR command);

    // Reads until nothing waits, or a limit of bytes; tells the port of captured ones.
    ULONG Drain(Status &last);

    // Takes the oldest kept bytes; returns how many.
    virtual ULONG Take(UCHAR *buffer, ULONG length);

    // Throws away what was kept.
    void Clear() { m_head = m_tail = 0; }

    const Registers &GetRegisters() const { return m_registers; }
    PSERVICEGROUP Group() const { return m_group; }
    Mode GetMode() const { return m_mode; }
    void SetMode(Mode mode) { m_mode = mode; }
    bool IsAcknowledged() const { return m_acknowledged; }
    void SetCapture(bool keep) { m_capture = keep; }
    ULONG Overruns() const { return m_overruns; }

protected:
    // Puts a byte where it belongs; returns how many bytes the stream has to do with it.
    virtual ULONG Accept(UCHAR byte);

    virtual void Notify();

    ULONG Waiting() const { return m_tail - m_head; }

    const Registers m_registers;
    PPORTMIDI const m_port;
    PSERVICEGROUP const m_group;

    // The service routine changes these under the compiler's eyes; nothing else may cache them.
    volatile Mode m_mode = Mode::Command;
    volatile bool m_acknowledged = false;
    volatile bool m_capture = false;
    ULONG m_overruns = 0;

    // Counts of all bytes that went in and out, modulo 2^32.
    ULONG m_tail = 0;
    ULONG m_head = 0;
    UCHAR m_ring[RingBytes];
};
