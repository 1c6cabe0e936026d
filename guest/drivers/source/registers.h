// The two registers of an MPU-401, as its programmer's manual shows them.
#pragma once

#include "unknown.h"

// Ports that an MPU-401 decodes: DATA, and STATUS or COMMAND.
constexpr ULONG PortCount = 2;

// The byte with which a card says that it took a command.
constexpr UCHAR Ack = 0xFE;

// What COMMAND is told.
constexpr UCHAR EnterUartCommand = 0x3F;
constexpr UCHAR ResetCommand = 0xFF;

// The STATUS register. Both flags are active low; bits 5 to 0 differ from card to card.
class Status
{
public:
    explicit Status(UCHAR bits = 0xFF) : m_bits(bits) {}

    bool CanRead() const { return !(m_bits & 0x80); }
    bool CanWrite() const { return !(m_bits & 0x40); }

    // What a bus without a card reads.
    bool IsFloating() const { return m_bits == 0xFF; }

private:
    UCHAR m_bits;
};

// The registers of one card, from its first port on.
class Registers
{
public:
    explicit Registers(USHORT base = 0) : m_base(base) {}

    USHORT Base() const { return m_base; }
    Status ReadStatus() const { return Status(READ_PORT_UCHAR(At(1))); }
    // Reading DATA is also what ends the interrupt.
    UCHAR ReadData() const { return READ_PORT_UCHAR(At(0)); }
    void WriteData(UCHAR byte) const { WRITE_PORT_UCHAR(At(0), byte); }
    void WriteCommand(UCHAR command) const { WRITE_PORT_UCHAR(At(1), command); }

private:
    PUCHAR At(USHORT offset) const
    {
        return reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(m_base + offset));
    }

    USHORT m_base;
};
