// A driver for DirectMusic that does with events and buffers what MIDI IN tells it, right or wrong.
// DriverEntry is in its parts.
//
// Each command is a byte: the upper half is an operation, the lower half a slot. An operand is the
// byte that follows. The stream forgets nothing that it has put, so it can put that again.
#include "dmus_parts.h"

class Script : public DmusCaptureStream
{
public:
    using DmusCaptureStream::DmusCaptureStream;

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT) override
    {
        UCHAR byte;
        while (m_hardware.TakeCaptured(&byte, 1) == 1) {
            if (m_isOperandDue) {
                m_isOperandDue = false;
                Run(m_command, byte);
            } else if ((byte >> 4) >= FirstWithOperand) {
                m_command = byte;
                m_isOperandDue = true;
            } else {
                Run(byte, 0);
            }
        }
        return STATUS_SUCCESS;
    }

private:
    enum Operation : UCHAR
    {
        GetEvent,
        FreeEvent,
        SendEvent,
        GetData,
        FreeData,
        ForgetEvent,
        UseOwnMemory,
        FreeMoved,
        FirstWithOperand,
        SetNext = FirstWithOperand,
        SetPackage,
        SetData,
        SetLength,
        SetFlags,
        SetByte,
        SetFirstByte,
        FillData,
    };

    void Run(UCHAR command, UCHAR operand)
    {
        PDMUS_KERNEL_EVENT &event = m_events[command % SIZEOF_ARRAY(m_events)];
        PBYTE &data = m_data[command % SIZEOF_ARRAY(m_data)];
        switch (command >> 4) {
        case GetEvent:
            m_allocator->GetMessage(&event);
            return;
        case FreeEvent:
            m_allocator->PutMessage(event);
            return;
        case SendEvent:
            if (m_output) {
                m_output->PutMessage(event);
            }
            return;
        case GetData:
            m_allocator->GetBuffer(&data);
            return;
        case FreeData:
            m_allocator->PutBuffer(data);
            return;
        case ForgetEvent:
            event = nullptr;
            return;
        case UseOwnMemory:
            event = &m_own;
            return;
        case FreeMoved:
            // The pointer leads into the event, or to where another one may lie.
            m_allocator->PutMessage(reinterpret_cast<PDMUS_KERNEL_EVENT>(
                reinterpret_cast<PBYTE>(event) + (command & 8 ? 64 : 8)));
            return;
        }
        if (event) {
            Change(command, operand, *event);
        }
    }

    void Change(UCHAR command, UCHAR operand, DMUS_KERNEL_EVENT &event)
    {
        PDMUS_KERNEL_EVENT other = m_events[operand % SIZEOF_ARRAY(m_events)];
        PBYTE data = m_data[operand % SIZEOF_ARRAY(m_data)];
        switch (command >> 4) {
        case SetNext:
            event.pNextEvt = other;
            return;
        case SetPackage:
            event.uData.pPackageEvt = other;
            event.usFlags |= PackageFlag;
            return;
        case SetData:
            event.uData.pbData = data ? data + (operand >> 7) : nullptr;
            event.cbEvent = 16;
            return;
        case SetLength:
            event.cbEvent = static_cast<USHORT>(operand * 8);
            return;
        case SetFlags:
            event.usFlags = operand;
            return;
        case SetByte:
            reinterpret_cast<PBYTE>(&event)[operand % sizeof event] = operand;
            return;
        case SetFirstByte:
            event.uData.abData[0] = operand;
            return;
        case FillData:
            if (data) {
                RtlFillMemory(data, m_allocator->GetBufferSize(), operand);
            }
            return;
        }
    }

    PDMUS_KERNEL_EVENT m_events[8] = {};
    PBYTE m_data[4] = {};
    DMUS_KERNEL_EVENT m_own = {};
    UCHAR m_command = 0;
    bool m_isOperandDue = false;
};

class ScriptedMiniport : public DmusMiniport
{
    PMXF CreateCapture(PAllocatorMXF allocator, PMASTERCLOCK clock) override
    {
        return new (NonPagedPoolNx) Script(Unknown(), *m_hardware, allocator, clock);
    }
};

PAGEABLE DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) ScriptedMiniport();
}
