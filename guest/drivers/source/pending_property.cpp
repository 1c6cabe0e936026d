// A good driver with a property that takes a while: its handler answers STATUS_PENDING, and a timer
// completes the request. A card is asked slowly, so drivers answer such questions later.
#include "descriptor.h"
#include "miniport.h"

// The property: the first port of the card.
static const GUID CardProperties = {
    0x0A6E51C7, 0x93D2, 0x4B18, {0x8F, 0x35, 0x71, 0xC2, 0x4E, 0xD0, 0x96, 0x1B}};
constexpr ULONG BasePortProperty = 1;

// How long the answer takes, as a relative due time.
constexpr LONGLONG AnswerTime = -5 * 10000;

static NTSTATUS NTAPI AnswerLater(PPCPROPERTY_REQUEST request);

static const PCPROPERTY_ITEM Properties[] = {
    {&CardProperties, BasePortProperty, PCPROPERTY_ITEM_FLAG_GET, AnswerLater}};
static DEFINE_PCAUTOMATION_TABLE_PROP(FilterAutomation, Properties);

static PCFILTER_DESCRIPTOR Filter;

class SlowToAnswer : public UartMiniport
{
public:
    SlowToAnswer()
    {
        KeInitializeTimer(&m_timer);
        KeInitializeDpc(&m_dpc, Answer, this);
    }

    // No client is left when the miniport goes, so no request is; its DPC may still be at its end.
    ~SlowToAnswer()
    {
        KeCancelTimer(&m_timer);
        KeFlushQueuedDpcs();
    }

    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description) override
    {
        NTSTATUS status = UartMiniport::GetDescription(description);
        Filter = **description;
        Filter.AutomationTable = &FilterAutomation;
        *description = &Filter;
        return status;
    }

    // Keeps a request; a second one at the same time is refused.
    NTSTATUS Keep(PPCPROPERTY_REQUEST request)
    {
        PVOID kept = InterlockedCompareExchangePointer(
            reinterpret_cast<PVOID volatile *>(&m_kept), request, nullptr);
        if (kept) {
            return STATUS_DEVICE_BUSY;
        }
        LARGE_INTEGER due;
        due.QuadPart = AnswerTime;
        KeSetTimer(&m_timer, due, &m_dpc);
        return STATUS_PENDING;
    }

private:
    static void NTAPI Answer(PKDPC, PVOID context, PVOID, PVOID)
    {
        auto self = static_cast<SlowToAnswer *>(context);
        PPCPROPERTY_REQUEST request = self->m_kept;
        *static_cast<PULONG>(request->Value) = self->m_hardware->GetCard().GetRegisters().Base();
        request->ValueSize = sizeof(ULONG);
        // The next request may come as soon as this one is complete.
        self->m_kept = nullptr;
        PcCompletePendingPropertyRequest(request, STATUS_SUCCESS);
    }

    KTIMER m_timer;
    KDPC m_dpc;
    PPCPROPERTY_REQUEST m_kept = nullptr;
};

// A question for the length is answered at once; there is nothing to ask the card for.
static NTSTATUS NTAPI AnswerLater(PPCPROPERTY_REQUEST request)
{
    if (request->ValueSize < sizeof(ULONG)) {
        bool asksLength = request->ValueSize == 0;
        request->ValueSize = sizeof(ULONG);
        return asksLength ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
    }
    // The port hands back the pointer that it got in Init.
    auto miniport = static_cast<PMINIPORTMIDI>(request->MajorTarget);
    return static_cast<SlowToAnswer *>(miniport)->Keep(request);
}

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) SlowToAnswer();
}
