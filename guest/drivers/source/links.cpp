// A good driver that is found by names: a device interface of a class of its own with a value in
// the registry, and a symbolic link. It is also told of the interfaces of audio devices.
//
// DriverEntry and the rest are in uart_parts.h.
static void ForgetNames();
#define AT_UNLOAD ForgetNames

#include "uart_parts.h"

// Source: ntifs.h, which cannot be included beside ntddk.h.
extern "C" PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT device);

static const GUID LinksClass = {
    0x4F1A7C52, 0x8D30, 0x4E6B, {0xA1, 0x57, 0x3C, 0x92, 0x0E, 0x64, 0xB8, 0xD5}};
static const GUID AudioClass = {
    0x6994AD04, 0x93EF, 0x11D0, {0xA3, 0xCC, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96}};
static const GUID InterfaceArrival = {
    0xCB3A4004, 0x46F0, 0x11D0, {0xB0, 0x8F, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3F}};

// What the driver took at its first start and gives back at its unload.
static UNICODE_STRING InterfaceName;
static PVOID Notification;
static bool HasLink;

PAGEABLE static NTSTATUS NTAPI InterfaceChanged(PVOID structure, PVOID)
{
    auto change = static_cast<PDEVICE_INTERFACE_CHANGE_NOTIFICATION>(structure);
    bool isArrival = IsSameGuid(change->Event, InterfaceArrival);
    DbgPrint("links: %wZ %s\n", change->SymbolicLinkName, isArrival ? "came" : "went");
    return STATUS_SUCCESS;
}

// Keeps a value with the interface and reads it back.
PAGEABLE static NTSTATUS KeepValue(ULONG kept)
{
    HANDLE key;
    NTSTATUS status = IoOpenDeviceInterfaceRegistryKey(&InterfaceName, KEY_ALL_ACCESS, &key);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"Starts");
    status = ZwSetValueKey(key, &name, 0, REG_DWORD, &kept, sizeof(kept));
    if (NT_SUCCESS(status)) {
        ULONG room[8];
        ULONG length;
        auto value = reinterpret_cast<PKEY_VALUE_PARTIAL_INFORMATION>(room);
        status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof(room),
                                 &length);
        if (NT_SUCCESS(status) && *reinterpret_cast<PULONG>(value->Data) != kept) {
            status = STATUS_UNSUCCESSFUL;
        }
    }
    ZwClose(key);
    return status;
}

// Whether the interface is the one of its class that a program finds.
PAGEABLE static NTSTATUS IsFound(PDEVICE_OBJECT physicalDevice)
{
    PWSTR list;
    NTSTATUS status = IoGetDeviceInterfaces(&LinksClass, physicalDevice, 0, &list);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    UNICODE_STRING first;
    RtlInitUnicodeString(&first, list);
    bool isAlone = list[first.Length / sizeof(WCHAR) + 1] == 0;
    bool isSame = RtlEqualUnicodeString(&first, &InterfaceName, TRUE);
    ExFreePool(list);
    return isAlone && isSame ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

// What is done once, at the first start.
PAGEABLE static NTSTATUS TakeNames(PDEVICE_OBJECT device, PDEVICE_OBJECT physicalDevice)
{
    NTSTATUS status = IoRegisterDeviceInterface(physicalDevice, &LinksClass, nullptr,
                                                &InterfaceName);
    if (NT_SUCCESS(status)) {
        status = IoRegisterPlugPlayNotification(
            EventCategoryDeviceInterfaceChange,
            PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES, const_cast<GUID *>(&AudioClass),
            device->DriverObject, InterfaceChanged, nullptr, &Notification);
    }
    if (NT_SUCCESS(status)) {
        UNICODE_STRING link;
        RtlInitUnicodeString(&link, L"\\DosDevices\\UartLinks");
        status = IoCreateSymbolicLink(&link, &InterfaceName);
        HasLink = NT_SUCCESS(status);
    }
    return status;
}

PAGEABLE static void ForgetNames()
{
    if (HasLink) {
        UNICODE_STRING link;
        RtlInitUnicodeString(&link, L"\\DosDevices\\UartLinks");
        IoDeleteSymbolicLink(&link);
    }
    if (Notification) {
        IoUnregisterPlugPlayNotification(Notification);
    }
    RtlFreeUnicodeString(&InterfaceName);
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    static ULONG starts;
    // No filter lies between the adapter device and the physical one.
    PDEVICE_OBJECT physicalDevice = IoGetLowerDeviceObject(device);
    NTSTATUS status = starts++ == 0 ? TakeNames(device, physicalDevice) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        status = KeepValue(starts);
    }
    if (NT_SUCCESS(status)) {
        // At a second start the interface is enabled already, which is a success too.
        status = IoSetDeviceInterfaceState(&InterfaceName, TRUE);
    }
    if (NT_SUCCESS(status)) {
        status = IsFound(physicalDevice);
    }
    ObDereferenceObject(physicalDevice);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return InstallMidi(device, irp, L"Uart", new (NonPagedPoolNx) UartMiniport(), nullptr,
                       resources);
}
