#include "stream.h"

#include "descriptor.h"

// Calls in a row that took nothing before the card counts as dead: 80 ms at least.
constexpr ULONG DeadAfterCalls = 200;

UartStream::UartStream(PUNKNOWN miniport, Hardware &hardware, bool capture)
    : CUnknown(nullptr), m_hardware(hardware), m_miniport(miniport), m_capture(capture)
{
    m_miniport->AddRef();
}

UartStream::~UartStream()
{
    if (m_capture) {
        CaptureIn(KSSTATE_STOP);
    }
    m_hardware.Close(m_capture);
    ReleaseAndClear(m_miniport);
}

STDMETHODIMP_(NTSTATUS) UartStream::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniportMidiStream)) {
        *object = static_cast<PMINIPORTMIDISTREAM>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

STDMETHODIMP_(NTSTATUS) UartStream::SetFormat(PKSDATAFORMAT format)
{
    return IsMidi(*format) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

STDMETHODIMP_(NTSTATUS) UartStream::SetState(KSSTATE state)
{
    if (state == KSSTATE_RUN && !m_hardware.IsReady()) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    if (m_capture) {
        CaptureIn(state);
    }
    m_state = state;
    return STATUS_SUCCESS;
}

void UartStream::CaptureIn(KSSTATE state)
{
    m_hardware.SetCapture(state == KSSTATE_RUN);
    if (state < KSSTATE_PAUSE) {
        m_hardware.ClearCaptured();
    }
}

STDMETHODIMP_(NTSTATUS) UartStream::Read(PVOID buffer, ULONG length, PULONG read)
{
    *read = 0;
    if (!m_capture) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    *read = m_hardware.TakeCaptured(static_cast<UCHAR *>(buffer), length);
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) UartStream::Write(PVOID buffer, ULONG length, PULONG written)
{
    *written = 0;
    if (m_capture) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (m_state != KSSTATE_RUN || length == 0) {
        return STATUS_SUCCESS;
    }
    bool patient = m_fruitlessCalls < DeadAfterCalls;
    *written = m_hardware.Write(static_cast<UCHAR *>(buffer), length, patient);
    if (*written == 0) {
        return CountFruitless();
    }
    m_fruitlessCalls = 0;
    return STATUS_SUCCESS;
}

NTSTATUS UartStream::CountFruitless()
{
    if (m_fruitlessCalls < DeadAfterCalls) {
        m_fruitlessCalls++;
        if (m_fruitlessCalls == DeadAfterCalls) {
            DbgPrint("MPU-401 at %X: took nothing in %u writes, given up\n",
                     m_hardware.GetCard().GetRegisters().Base(), DeadAfterCalls);
        }
    }
    return m_fruitlessCalls < DeadAfterCalls ? STATUS_SUCCESS : STATUS_IO_DEVICE_ERROR;
}
