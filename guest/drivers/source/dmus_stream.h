// Streams of the DirectMusic miniport: one that plays events, and one that records them.
#pragma once

#include "hardware.h"

#include <dmusicks.h>

// The identifier of IMXF, which the headers leave out. Source: WDK, dmusicks.h.
extern const GUID MxfInterface;

// Flags of an event, which the headers leave out. Source: WDK, dmusicks.h.
constexpr USHORT IncompleteFlag = 0x1;
constexpr USHORT PackageFlag = 0x2;

// What both directions have: the one stream of a direction, its state, and where events end.
class DmusStream : public IMXF, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    // Takes the one stream of a direction, which must be free, and references to the others.
    DmusStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator, bool capture);
    virtual ~DmusStream();

protected:
    // The lock is for all that a DPC uses too: the state and the events.
    KSPIN_LOCK m_lock;
    KSSTATE m_state = KSSTATE_STOP;

    Hardware &m_hardware;
    PAllocatorMXF m_allocator;

private:
    PUNKNOWN m_miniport;
    const bool m_capture;
};

// A render stream: it writes its events to the card in their order. When the card is busy, a timer
// goes on with the rest.
class DmusRenderStream : public DmusStream
{
public:
    DmusRenderStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator);
    ~DmusRenderStream();

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state);
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event);
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) { return STATUS_UNSUCCESSFUL; }
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) { return STATUS_UNSUCCESSFUL; }

protected:
    // Gives an event back that was played. It stands alone.
    virtual void GiveBack(PDMUS_KERNEL_EVENT event);

private:
    static VOID NTAPI GoOn(PKDPC, PVOID stream, PVOID, PVOID);

    // Writes events as long as the card takes them. With the lock.
    void Play();

    // Puts the events of a package in front of the others, and gives the empty package back.
    void OpenPackage();

    // Gives all events back in one chain. With the lock.
    void Discard();

    PDMUS_KERNEL_EVENT m_first = nullptr;
    PDMUS_KERNEL_EVENT m_last = nullptr;
    // Bytes of the first event that the card has.
    ULONG m_written = 0;
    ULONG m_fruitlessCalls = 0;

    KTIMER m_timer;
    KDPC m_dpc;
};

// A capture stream: it makes events of what the service routine kept, when the port says so.
//
// A SysEx message is one event, in a buffer where it is longer than a pointer. Other bytes go on
// as they came, as raw parts of messages.
class DmusCaptureStream : public DmusStream
{
public:
    DmusCaptureStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator,
                      PMASTERCLOCK clock);
    ~DmusCaptureStream();

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state);
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event);
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF output);
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF output);

protected:
    // Sends a chain to the output.
    virtual void Send(PMXF output, PDMUS_KERNEL_EVENT first);

    PMXF m_output = nullptr;

private:
    // These all run with the lock.
    void Accept(UCHAR byte);
    void AcceptRaw(UCHAR byte);
    void AcceptInSysEx(UCHAR byte);
    void OpenSysEx(bool isFirstPart);
    void CloseSysEx(bool isWhole);
    void FlushRaw();
    PDMUS_KERNEL_EVENT Append(ULONG length, USHORT flags);
    void Discard();

    PMASTERCLOCK m_clock;

    // The events of this service, and their time.
    PDMUS_KERNEL_EVENT m_first = nullptr;
    PDMUS_KERNEL_EVENT m_last = nullptr;
    REFERENCE_TIME m_now = 0;

    // Bytes that are no SysEx, up to what an event holds by itself.
    UCHAR m_raw[sizeof(PBYTE)];
    ULONG m_rawLength = 0;

    // The buffer of an open SysEx message; none between messages.
    PBYTE m_buffer = nullptr;
    ULONG m_bufferLength = 0;
    bool m_isInSysEx = false;
    bool m_isFirstPart = false;
    ULONG m_lost = 0;
};
