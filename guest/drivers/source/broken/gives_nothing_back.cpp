// Mistake: does not give back the registry key, the work item and the IRP that it got at its start.
#include "broken.h"

class GivesNothingBack : public UartMiniport
{
    Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group) override
    {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, L"\\Registry\\Machine\\System\\CurrentControlSet");
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                                   nullptr, nullptr);
        HANDLE key;
        ZwOpenKey(&key, KEY_READ, &attributes);
        IoAllocateWorkItem(nullptr);
        IoAllocateIrp(1, FALSE);
        return UartMiniport::CreateCard(registers, port, group);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<GivesNothingBack>();
}
