// What the drivers with a wave filter share: the filter, the use of a DMA buffer, and a StartDevice
// that installs the wave filter first and goes on to the UART only if that worked.
//
// The file that includes this one defines CreateWave.
#pragma once

#include "uart_parts.h"

// The wave port and its miniport.
struct Wave
{
    const GUID &portClass;
    PMINIPORT miniport;
};

// The class of the driver's wave port, and a new miniport for it, which is null without memory.
static Wave CreateWave(PDEVICE_OBJECT device);

static KSDATARANGE_AUDIO PcmRange = {
    {{sizeof(KSDATARANGE_AUDIO), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_AUDIO},
      {STATIC_KSDATAFORMAT_SUBTYPE_PCM}, {STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX}}},
    2, 8, 16, 4000, 48000};

static KSDATARANGE AnalogRange = {
    {sizeof(KSDATARANGE), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_AUDIO},
     {STATIC_KSDATAFORMAT_SUBTYPE_ANALOG}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}};

static const PKSDATARANGE PcmRanges[] = {reinterpret_cast<PKSDATARANGE>(&PcmRange)};
static const PKSDATARANGE AnalogRanges[] = {&AnalogRange};
static const GUID WaveCategory = {STATIC_KSCATEGORY_AUDIO};

static const PCPIN_DESCRIPTOR WavePins[] = {
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(PcmRanges), PcmRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &WaveCategory, nullptr, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(AnalogRanges), AnalogRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &WaveCategory, nullptr, {0}}},
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(PcmRanges), PcmRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, &WaveCategory, nullptr, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(AnalogRanges), AnalogRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &WaveCategory, nullptr, {0}}},
};

static const PCCONNECTION_DESCRIPTOR WaveConnections[] = {
    {PCFILTER_NODE, 0, PCFILTER_NODE, 1},
    {PCFILTER_NODE, 3, PCFILTER_NODE, 2},
};

// No categories: the port uses its own.
static PCFILTER_DESCRIPTOR WaveFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 4, WavePins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    2, WaveConnections, 0, nullptr};

// The longest buffer of the wave device: it cannot cross a boundary of 64 KiB.
constexpr ULONG MaximumBuffer = 0x10000;
constexpr LONGLONG BoundaryMask = 0xFFFF;

// The physical address of a channel's buffer.
//
// Microsoft's compilers return the union through a pointer to the result, which they pass behind the
// object. g++ returns it in registers, so for g++ this function passes the pointer by itself.
static inline PHYSICAL_ADDRESS PhysicalAddressOf(PDMACHANNEL channel)
{
#ifdef _MSC_VER
    return channel->PhysicalAddress();
#else
    using Method = PHYSICAL_ADDRESS *(STDMETHODCALLTYPE *)(PDMACHANNEL, PHYSICAL_ADDRESS *);
    constexpr ULONG slot = 11;
    PHYSICAL_ADDRESS result;
    (*reinterpret_cast<Method **>(channel))[slot](channel, &result);
    return result;
#endif
}

// Allocates a buffer as drivers do: while there is no room, it tries half of the size. Then it uses
// the buffer, and fails when the memory is not what a device could work with.
PAGEABLE static NTSTATUS UseBuffer(PDMACHANNEL channel)
{
    PHYSICAL_ADDRESS constraint;
    constraint.QuadPart = BoundaryMask;
    ULONG size = 2 * MaximumBuffer;
    NTSTATUS status = channel->AllocateBuffer(size, &constraint);
    while (!NT_SUCCESS(status) && size > PAGE_SIZE) {
        size /= 2;
        status = channel->AllocateBuffer(size, &constraint);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (channel->AllocatedBufferSize() != size || channel->BufferSize() != size) {
        return STATUS_UNSUCCESSFUL;
    }
    PUCHAR bytes = static_cast<PUCHAR>(channel->SystemAddress());
    for (ULONG index = 0; index < size; index++) {
        bytes[index] = static_cast<UCHAR>(index >> 8 ^ index);
    }
    UCHAR copy[4] = {1, 2, 3, 4};
    channel->CopyTo(bytes, copy, sizeof(copy));
    channel->CopyFrom(copy, bytes + 0x1234, sizeof(copy));
    if (bytes[3] != 4 || bytes[4] != 4 || copy[1] != (0x12 ^ 0x35) || bytes[size - 1] != 0) {
        return STATUS_UNSUCCESSFUL;
    }
    LONGLONG first = PhysicalAddressOf(channel).QuadPart;
    LONGLONG last = first + size - 1;
    if (!first || (first & ~BoundaryMask) != (last & ~BoundaryMask)) {
        return STATUS_UNSUCCESSFUL;
    }
    if (MmGetPhysicalAddress(bytes).QuadPart != first ||
        MmGetPhysicalAddress(bytes + size - 1).QuadPart != last) {
        return STATUS_UNSUCCESSFUL;
    }
    DbgPrint("wave: a buffer of %u bytes at %I64X\n", size, first);
    return STATUS_SUCCESS;
}

// Gives a wave port its miniport and shows both to the system.
PAGEABLE static NTSTATUS InstallWave(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources)
{
    Wave wave = CreateWave(device);
    if (!wave.miniport) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    wave.miniport->AddRef();
    PPORT port;
    NTSTATUS status = PcNewPort(&port, wave.portClass);
    if (NT_SUCCESS(status)) {
        status = port->Init(device, irp, wave.miniport, nullptr, resources);
        if (NT_SUCCESS(status)) {
            status = PcRegisterSubdevice(device, const_cast<PWSTR>(L"Wave"), port);
        }
        port->Release();
    }
    wave.miniport->Release();
    return status;
}

// The resources of the UART: a range of ports, and an interrupt if the device has one.
PAGEABLE static NTSTATUS NewUartResources(PRESOURCELIST *uart, PRESOURCELIST all)
{
    NTSTATUS status = PcNewResourceSublist(uart, nullptr, PagedPool, all, 2);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = (*uart)->AddEntryFromParent(all, CmResourceTypePort, 0);
    if (NT_SUCCESS(status) && all->NumberOfEntriesOfType(CmResourceTypeInterrupt)) {
        status = (*uart)->AddEntryFromParent(all, CmResourceTypeInterrupt, 0);
    }
    if (!NT_SUCCESS(status)) {
        (*uart)->Release();
    }
    return status;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    NTSTATUS status = InstallWave(device, irp, resources);
    PRESOURCELIST uart;
    if (NT_SUCCESS(status)) {
        status = NewUartResources(&uart, resources);
    }
    if (NT_SUCCESS(status)) {
        status = InstallMidi(device, irp, L"Uart", new (NonPagedPoolNx) UartMiniport(), nullptr,
                             uart);
        uart->Release();
    }
    return status;
}
