#include "card.h"

// Most bytes taken at one go: more than any card holds, and an end for a flag that is stuck.
// On an edge-triggered line a byte that is left behind brings no second edge.
constexpr ULONG DrainLimit = 128;

Card::Card(Registers registers, PPORTMIDI port, PSERVICEGROUP group)
    : m_registers(registers), m_port(port), m_group(group)
{
    m_port->AddRef();
    m_group->AddRef();
}

Card::~Card()
{
    m_group->Release();
    m_port->Release();
}

NTSTATUS Card::ServeInterrupt()
{
    Status status;
    if (m_mode == Mode::Off || Drain(status) == 0) {
        // On a shared line a card with nothing to read did not ask.
        return STATUS_UNSUCCESSFUL;
    }
    return STATUS_SUCCESS;
}

ULONG Card::Drain(Status &last)
{
    last = m_registers.ReadStatus();
    ULONG bytes = 0;
    ULONG captured = 0;
    while (last.CanRead() && bytes < DrainLimit) {
        UCHAR byte = m_registers.ReadData();
        bytes++;
        captured += Accept(byte);
        last = m_registers.ReadStatus();
    }
    if (captured > 0) {
        Notify();
    }
    return bytes;
}

ULONG Card::Accept(UCHAR byte)
{
    if (m_mode == Mode::Command) {
        if (byte == Ack) {
            m_acknowledged = true;
        }
        return 0;
    }
    if (m_mode == Mode::Off || !m_capture) {
        return 0;
    }
    if (Waiting() == RingBytes) {
        m_overruns++;
    } else {
        m_ring[m_tail % RingBytes] = byte;
        m_tail++;
    }
    return 1;
}

void Card::Notify()
{
    m_port->Notify(m_group);
}

Status Card::TryCommand(UCHAR command)
{
    // What waited before the command cannot be its answer.
    Status status;
    Drain(status);
    if (status.CanWrite()) {
        m_acknowledged = false;
        m_registers.WriteCommand(command);
    }
    return status;
}

ULONG Card::Take(UCHAR *buffer, ULONG length)
{
    ULONG taken = 0;
    while (taken < length && Waiting() > 0) {
        buffer[taken++] = m_ring[m_head % RingBytes];
        m_head++;
    }
    return taken;
}
