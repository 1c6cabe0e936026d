// A good driver of a sound card whose MPU-401 has the second of three ranges of ports and the second
// of two lines. It looks for the card first: it resets the DSP in the first range and reads its
// version. It has no use for the second DMA channel and takes it out of what the device needs.
//
// DriverEntry and the rest are in uart_parts.h.
#include "unknown.h"

// Takes the requests of Plug and Play before PortCls.
static void TakePnp(PDRIVER_OBJECT driver);
#define AT_ENTRY TakePnp
#include "uart_parts.h"

// What the card is given, in this order.
constexpr ULONG DspRange = 0;
constexpr ULONG MpuRange = 1;
constexpr ULONG Ranges = 3;
constexpr ULONG MpuLine = 1;
constexpr ULONG Lines = 2;

// The registers of the DSP. Source: Sound Blaster Series Hardware Programming Guide.
constexpr USHORT DspReset = 0x6;
constexpr USHORT DspRead = 0xA;
constexpr USHORT DspWrite = 0xC;
constexpr USHORT DspStatus = 0xE;
constexpr UCHAR DspReady = 0xAA;
constexpr UCHAR DspGetVersion = 0xE1;

// Looks for a byte of the DSP, and their pitch in us.
constexpr ULONG DspLooks = 100;
constexpr ULONG DspPitchUs = 10;

static PUCHAR PortAt(USHORT base, USHORT offset)
{
    return reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(base + offset));
}

// Waits for a byte of the DSP; false when none came.
PAGEABLE static bool ReadDsp(USHORT base, UCHAR &byte)
{
    for (ULONG look = 0; look < DspLooks; look++) {
        if (READ_PORT_UCHAR(PortAt(base, DspStatus)) & 0x80) {
            byte = READ_PORT_UCHAR(PortAt(base, DspRead));
            return true;
        }
        KeStallExecutionProcessor(DspPitchUs);
    }
    return false;
}

PAGEABLE static bool ResetDsp(USHORT base)
{
    WRITE_PORT_UCHAR(PortAt(base, DspReset), 1);
    KeStallExecutionProcessor(3);
    WRITE_PORT_UCHAR(PortAt(base, DspReset), 0);
    UCHAR byte;
    return ReadDsp(base, byte) && byte == DspReady;
}

PAGEABLE static NTSTATUS FindDsp(USHORT base)
{
    UCHAR major, minor;
    if (!ResetDsp(base) || (READ_PORT_UCHAR(PortAt(base, DspWrite)) & 0x80)) {
        DbgPrint("DSP at %X: no answer\n", base);
        return STATUS_NO_SUCH_DEVICE;
    }
    WRITE_PORT_UCHAR(PortAt(base, DspWrite), DspGetVersion);
    if (!ReadDsp(base, major) || !ReadDsp(base, minor)) {
        DbgPrint("DSP at %X: no version\n", base);
        return STATUS_NO_SUCH_DEVICE;
    }
    DbgPrint("DSP at %X: version %u.%02u\n", base, major, minor);
    return STATUS_SUCCESS;
}

// The raw and the translated entry of a line name the line and its vector.
PAGEABLE static void TellLine(PRESOURCELIST resources, ULONG index)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR raw = resources->FindUntranslatedInterrupt(index);
    PCM_PARTIAL_RESOURCE_DESCRIPTOR translated = resources->FindTranslatedInterrupt(index);
    if (raw && translated) {
        DbgPrint("line %u: level %u, vector %X\n", raw->u.Interrupt.Vector,
                 translated->u.Interrupt.Level, translated->u.Interrupt.Vector);
    }
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    DbgPrint("resources: %u ranges, %u lines, %u channels\n", resources->NumberOfPorts(),
             resources->NumberOfInterrupts(), resources->NumberOfDmas());
    if (resources->NumberOfPorts() != Ranges || resources->NumberOfInterrupts() != Lines) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    for (ULONG line = 0; line < Lines; line++) {
        TellLine(resources, line);
    }
    USHORT dsp = static_cast<USHORT>(resources->FindTranslatedPort(DspRange)->u.Port.Start.LowPart);
    NTSTATUS status = FindDsp(dsp);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    PRESOURCELIST own;
    status = PcNewResourceSublist(&own, nullptr, PagedPool, resources, 2);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = own->AddPortFromParent(resources, MpuRange);
    if (NT_SUCCESS(status)) {
        status = own->AddInterruptFromParent(resources, MpuLine);
    }
    if (NT_SUCCESS(status)) {
        status = InstallMidi(device, irp, L"Uart", new (NonPagedPoolNx) UartMiniport(), nullptr,
                             own);
    }
    own->Release();
    return status;
}

// Makes the list that the device needs without its second DMA channel; null when there is none.
PAGEABLE static PIO_RESOURCE_REQUIREMENTS_LIST WithoutSecondChannel(
    const IO_RESOURCE_REQUIREMENTS_LIST *old)
{
    auto shorter = static_cast<PIO_RESOURCE_REQUIREMENTS_LIST>(
        ExAllocatePoolWithTag(PagedPool, old->ListSize, PoolTag));
    if (!shorter) {
        return nullptr;
    }
    RtlCopyMemory(shorter, old, old->ListSize);
    const IO_RESOURCE_LIST &list = old->List[0];
    ULONG channels = 0;
    ULONG kept = 0;
    for (ULONG index = 0; index < list.Count; index++) {
        const IO_RESOURCE_DESCRIPTOR &wanted = list.Descriptors[index];
        if (wanted.Type == CmResourceTypeDma && ++channels == 2) {
            continue;
        }
        shorter->List[0].Descriptors[kept++] = wanted;
    }
    shorter->List[0].Count = kept;
    return shorter;
}

// Changes what the device needs on the request's way back up. Source: WDK,
// IRP_MN_FILTER_RESOURCE_REQUIREMENTS.
PAGEABLE static NTSTATUS FilterResources(PDEVICE_OBJECT device, PIRP irp)
{
    PcForwardIrpSynchronous(device, irp);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    auto list = reinterpret_cast<PIO_RESOURCE_REQUIREMENTS_LIST>(irp->IoStatus.Information);
    if (!list) {
        list = location->Parameters.FilterResourceRequirements.IoResourceRequirementList;
    }
    PIO_RESOURCE_REQUIREMENTS_LIST shorter = list ? WithoutSecondChannel(list) : nullptr;
    if (shorter) {
        ExFreePool(list);
        irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(shorter);
        irp->IoStatus.Status = STATUS_SUCCESS;
    }
    NTSTATUS status = irp->IoStatus.Status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

PAGEABLE static NTSTATUS NTAPI DispatchPnp(PDEVICE_OBJECT device, PIRP irp)
{
    if (IoGetCurrentIrpStackLocation(irp)->MinorFunction == IRP_MN_FILTER_RESOURCE_REQUIREMENTS) {
        return FilterResources(device, irp);
    }
    return PcDispatchIrp(device, irp);
}

PAGEABLE static void TakePnp(PDRIVER_OBJECT driver)
{
    driver->MajorFunction[IRP_MJ_PNP] = DispatchPnp;
}
