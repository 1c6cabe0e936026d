#include "dmus_stream.h"

// Source: WDK, dmusicks.h.
const GUID MxfInterface = {
    0xC096DF9E, 0xFB09, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};

// Writes in a row that took nothing before the card counts as dead: 200 ms at least.
constexpr ULONG DeadAfterWrites = 200;

// The wait of a render stream for a busy card, in 100 ns units.
constexpr LONGLONG BusyWait = 10000;

// Status bytes. Source: MIDI 1.0.
constexpr UCHAR StatusBit = 0x80;
constexpr UCHAR SysExBegin = 0xF0;
constexpr UCHAR SysExEnd = 0xF7;
constexpr UCHAR FirstRealTime = 0xF8;

DmusStream::DmusStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator, bool capture)
    : CUnknown(nullptr), m_hardware(hardware), m_allocator(allocator), m_miniport(miniport),
      m_capture(capture)
{
    KeInitializeSpinLock(&m_lock);
    m_allocator->AddRef();
    m_miniport->AddRef();
}

DmusStream::~DmusStream()
{
    m_hardware.Close(m_capture);
    ReleaseAndClear(m_allocator);
    ReleaseAndClear(m_miniport);
}

STDMETHODIMP_(NTSTATUS) DmusStream::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, MxfInterface)) {
        *object = static_cast<PMXF>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

DmusRenderStream::DmusRenderStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator)
    : DmusStream(miniport, hardware, allocator, false)
{
    KeInitializeTimer(&m_timer);
    KeInitializeDpc(&m_dpc, GoOn, this);
}

DmusRenderStream::~DmusRenderStream()
{
    SetState(KSSTATE_STOP);
    KeCancelTimer(&m_timer);
    KeFlushQueuedDpcs();
}

STDMETHODIMP_(NTSTATUS) DmusRenderStream::SetState(KSSTATE state)
{
    if (state == KSSTATE_RUN && !m_hardware.IsReady()) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    KIRQL irql;
    KeAcquireSpinLock(&m_lock, &irql);
    m_state = state;
    if (state == KSSTATE_RUN) {
        Play();
    } else if (state == KSSTATE_STOP) {
        Discard();
    }
    KeReleaseSpinLock(&m_lock, irql);
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) DmusRenderStream::PutMessage(PDMUS_KERNEL_EVENT event)
{
    if (!event) {
        return STATUS_SUCCESS;
    }
    KeAcquireSpinLockAtDpcLevel(&m_lock);
    NTSTATUS status = STATUS_SUCCESS;
    if (m_fruitlessCalls >= DeadAfterWrites) {
        m_allocator->PutMessage(event);
        status = STATUS_IO_DEVICE_ERROR;
    } else {
        bool isIdle = !m_first;
        (isIdle ? m_first : m_last->pNextEvt) = event;
        for (m_last = event; m_last->pNextEvt; m_last = m_last->pNextEvt) {
        }
        // Behind an event that waits for the card, this one waits too.
        if (isIdle) {
            Play();
        }
    }
    KeReleaseSpinLockFromDpcLevel(&m_lock);
    return status;
}

VOID NTAPI DmusRenderStream::GoOn(PKDPC, PVOID stream, PVOID, PVOID)
{
    auto self = static_cast<DmusRenderStream *>(stream);
    KeAcquireSpinLockAtDpcLevel(&self->m_lock);
    self->Play();
    KeReleaseSpinLockFromDpcLevel(&self->m_lock);
}

void DmusRenderStream::Play()
{
    while (m_first && m_state == KSSTATE_RUN) {
        if (m_first->usFlags & PackageFlag) {
            OpenPackage();
            continue;
        }
        ULONG length = m_first->cbEvent;
        const UCHAR *data =
            length <= sizeof(PBYTE) ? m_first->uData.abData : m_first->uData.pbData;
        ULONG written = m_hardware.Write(data + m_written, length - m_written, true);
        m_fruitlessCalls = written > 0 || length == 0 ? 0 : m_fruitlessCalls + 1;
        m_written += written;
        if (m_written < length) {
            if (m_fruitlessCalls >= DeadAfterWrites) {
                DbgPrint("MPU-401 at %X: took nothing in %u writes, given up\n",
                         m_hardware.GetCard().GetRegisters().Base(), DeadAfterWrites);
                Discard();
                return;
            }
            LARGE_INTEGER due;
            due.QuadPart = -BusyWait;
            KeSetTimer(&m_timer, due, &m_dpc);
            return;
        }
        PDMUS_KERNEL_EVENT played = m_first;
        m_first = played->pNextEvt;
        m_written = 0;
        played->pNextEvt = nullptr;
        GiveBack(played);
    }
}

void DmusRenderStream::GiveBack(PDMUS_KERNEL_EVENT event)
{
    m_allocator->PutMessage(event);
}

void DmusRenderStream::OpenPackage()
{
    PDMUS_KERNEL_EVENT package = m_first;
    PDMUS_KERNEL_EVENT inside = package->uData.pPackageEvt;
    m_first = package->pNextEvt;
    if (inside) {
        PDMUS_KERNEL_EVENT last = inside;
        while (last->pNextEvt) {
            last = last->pNextEvt;
        }
        last->pNextEvt = m_first;
        if (!m_first) {
            m_last = last;
        }
        m_first = inside;
    }
    package->pNextEvt = nullptr;
    package->uData.pPackageEvt = nullptr;
    package->cbEvent = 0;
    m_allocator->PutMessage(package);
}

void DmusRenderStream::Discard()
{
    PDMUS_KERNEL_EVENT first = m_first;
    m_first = nullptr;
    m_written = 0;
    if (first) {
        m_allocator->PutMessage(first);
    }
}

DmusCaptureStream::DmusCaptureStream(PUNKNOWN miniport, Hardware &hardware, PAllocatorMXF allocator,
                                     PMASTERCLOCK clock)
    : DmusStream(miniport, hardware, allocator, true), m_clock(clock)
{
    m_clock->AddRef();
}

DmusCaptureStream::~DmusCaptureStream()
{
    SetState(KSSTATE_STOP);
    ReleaseAndClear(m_output);
    ReleaseAndClear(m_clock);
}

STDMETHODIMP_(NTSTATUS) DmusCaptureStream::SetState(KSSTATE state)
{
    if (state == KSSTATE_RUN && !m_hardware.IsReady()) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    m_hardware.SetCapture(state == KSSTATE_RUN);
    KIRQL irql;
    KeAcquireSpinLock(&m_lock, &irql);
    m_state = state;
    if (state < KSSTATE_PAUSE) {
        Discard();
    }
    KeReleaseSpinLock(&m_lock, irql);
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) DmusCaptureStream::ConnectOutput(PMXF output)
{
    if (m_output || !output) {
        return STATUS_UNSUCCESSFUL;
    }
    output->AddRef();
    m_output = output;
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) DmusCaptureStream::DisconnectOutput(PMXF output)
{
    if (output && output != m_output) {
        return STATUS_UNSUCCESSFUL;
    }
    KIRQL irql;
    KeAcquireSpinLock(&m_lock, &irql);
    PMXF old = m_output;
    m_output = nullptr;
    KeReleaseSpinLock(&m_lock, irql);
    ReleaseAndClear(old);
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) DmusCaptureStream::PutMessage(PDMUS_KERNEL_EVENT event)
{
    if (event) {
        m_allocator->PutMessage(event);
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    KeAcquireSpinLockAtDpcLevel(&m_lock);
    if (m_state >= KSSTATE_PAUSE) {
        m_clock->GetTime(&m_now);
        UCHAR bytes[64];
        ULONG length;
        while ((length = m_hardware.TakeCaptured(bytes, sizeof bytes)) > 0) {
            for (ULONG index = 0; index < length; index++) {
                Accept(bytes[index]);
            }
        }
        FlushRaw();
        PDMUS_KERNEL_EVENT first = m_first;
        m_first = m_last = nullptr;
        if (first) {
            Send(m_output ? m_output : m_allocator, first);
        }
    }
    KeReleaseSpinLockFromDpcLevel(&m_lock);
    return STATUS_SUCCESS;
}

void DmusCaptureStream::Send(PMXF output, PDMUS_KERNEL_EVENT first)
{
    output->PutMessage(first);
}

void DmusCaptureStream::Accept(UCHAR byte)
{
    if (byte >= FirstRealTime) {
        // It may stand between any two bytes, also of a SysEx message.
        FlushRaw();
        PDMUS_KERNEL_EVENT event = Append(1, 0);
        if (event) {
            event->uData.abData[0] = byte;
        }
    } else if (m_isInSysEx && (byte == SysExEnd || !(byte & StatusBit))) {
        AcceptInSysEx(byte);
    } else {
        if (m_isInSysEx) {
            // Any other status byte ends the message without its last byte.
            CloseSysEx(false);
        }
        AcceptRaw(byte);
    }
}

void DmusCaptureStream::AcceptRaw(UCHAR byte)
{
    if (byte == SysExBegin) {
        FlushRaw();
        OpenSysEx(true);
        AcceptInSysEx(byte);
        return;
    }
    m_raw[m_rawLength++] = byte;
    if (m_rawLength == sizeof m_raw) {
        FlushRaw();
    }
}

void DmusCaptureStream::AcceptInSysEx(UCHAR byte)
{
    if (!m_buffer) {
        m_lost++;
    } else {
        m_buffer[m_bufferLength++] = byte;
    }
    if (byte == SysExEnd) {
        CloseSysEx(m_isFirstPart);
    } else if (m_bufferLength == m_allocator->GetBufferSize()) {
        CloseSysEx(false);
        OpenSysEx(false);
    }
}

void DmusCaptureStream::OpenSysEx(bool isFirstPart)
{
    m_isInSysEx = true;
    m_isFirstPart = isFirstPart;
    m_bufferLength = 0;
    if (!NT_SUCCESS(m_allocator->GetBuffer(&m_buffer))) {
        m_buffer = nullptr;
    }
}

// Makes an event of the buffer. A message in several parts is raw in all of them.
void DmusCaptureStream::CloseSysEx(bool isWhole)
{
    PBYTE buffer = m_buffer;
    ULONG length = m_bufferLength;
    m_buffer = nullptr;
    m_bufferLength = 0;
    m_isInSysEx = false;
    if (!buffer) {
        return;
    }
    PDMUS_KERNEL_EVENT event = length > 0 ? Append(length, isWhole ? 0 : IncompleteFlag) : nullptr;
    if (event && length > sizeof(PBYTE)) {
        event->uData.pbData = buffer;
        return;
    }
    if (event) {
        RtlCopyMemory(event->uData.abData, buffer, length);
    }
    m_allocator->PutBuffer(buffer);
}

void DmusCaptureStream::FlushRaw()
{
    if (m_rawLength == 0) {
        return;
    }
    PDMUS_KERNEL_EVENT event = Append(m_rawLength, IncompleteFlag);
    if (event) {
        RtlCopyMemory(event->uData.abData, m_raw, m_rawLength);
    }
    m_rawLength = 0;
}

// Appends an event without data to those of this service; null when there is none.
PDMUS_KERNEL_EVENT DmusCaptureStream::Append(ULONG length, USHORT flags)
{
    PDMUS_KERNEL_EVENT event;
    if (!NT_SUCCESS(m_allocator->GetMessage(&event))) {
        m_lost += length;
        return nullptr;
    }
    event->cbEvent = static_cast<USHORT>(length);
    event->usFlags = flags;
    event->ullPresTime100ns = m_now;
    // The first group of 16 channels, which a MIDI cable has.
    event->usChannelGroup = 1;
    (m_first ? m_last->pNextEvt : m_first) = event;
    m_last = event;
    return event;
}

void DmusCaptureStream::Discard()
{
    m_hardware.ClearCaptured();
    m_rawLength = 0;
    if (m_buffer) {
        m_allocator->PutBuffer(m_buffer);
        m_buffer = nullptr;
    }
    m_isInSysEx = false;
    if (m_lost > 0) {
        DbgPrint("MPU-401: %u bytes of MIDI IN lost, no event was free\n", m_lost);
        m_lost = 0;
    }
}
