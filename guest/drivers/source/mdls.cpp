// A good driver whose bytes go through buffers as a bus master has them: contiguous memory for the
// card, and pages of paged pool that an MDL keeps in, so that they are there at DISPATCH_LEVEL.
#include "descriptor.h"
#include "miniport.h"

// Two pages, below 16 MiB and within 64 KiB, as the DMA controller of an ISA card wants them.
constexpr ULONG BufferBytes = 2 * PAGE_SIZE;
constexpr LONGLONG HighestAddress = 0xFFFFFF;
constexpr LONGLONG Boundary = 0x10000;

class BufferedHardware : public Hardware
{
public:
    using Hardware::Hardware;
    ~BufferedHardware() override;

    NTSTATUS Start() override;
    ULONG Write(const UCHAR *data, ULONG length, bool patient) override;
    ULONG TakeCaptured(UCHAR *buffer, ULONG length) override;

private:
    NTSTATUS AllocateCommon();
    NTSTATUS AllocatePaged();

    UCHAR *m_common = nullptr;
    PMDL m_commonMdl = nullptr;
    PVOID m_paged = nullptr;
    PMDL m_pagedMdl = nullptr;
    bool m_locked = false;
    UCHAR *m_mapped = nullptr;
};

PAGEABLE BufferedHardware::~BufferedHardware()
{
    if (m_locked) {
        MmUnlockPages(m_pagedMdl);
    }
    if (m_pagedMdl) {
        IoFreeMdl(m_pagedMdl);
    }
    if (m_paged) {
        ExFreePoolWithTag(m_paged, PoolTag);
    }
    if (m_commonMdl) {
        IoFreeMdl(m_commonMdl);
    }
    if (m_common) {
        MmFreeContiguousMemory(m_common);
    }
}

// The buffers stay when the card is started anew after a sleep.
PAGEABLE NTSTATUS BufferedHardware::Start()
{
    NTSTATUS status = m_common ? STATUS_SUCCESS : AllocateCommon();
    if (NT_SUCCESS(status) && !m_paged) {
        status = AllocatePaged();
    }
    return NT_SUCCESS(status) ? Hardware::Start() : status;
}

// Allocates the buffer for the card, and checks that its MDL tells the truth about it.
PAGEABLE NTSTATUS BufferedHardware::AllocateCommon()
{
    PHYSICAL_ADDRESS lowest, highest, boundary;
    lowest.QuadPart = 0;
    highest.QuadPart = HighestAddress;
    boundary.QuadPart = Boundary;
    m_common = static_cast<UCHAR *>(MmAllocateContiguousMemorySpecifyCache(
        BufferBytes, lowest, highest, boundary, MmCached));
    if (!m_common) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    m_commonMdl = IoAllocateMdl(m_common, BufferBytes, FALSE, FALSE, nullptr);
    if (!m_commonMdl) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MmBuildMdlForNonPagedPool(m_commonMdl);
    PPFN_NUMBER frames = MmGetMdlPfnArray(m_commonMdl);
    LONGLONG first = MmGetPhysicalAddress(m_common).QuadPart;
    LONGLONG last = MmGetPhysicalAddress(m_common + BufferBytes - 1).QuadPart;
    bool isGood = MmGetMdlVirtualAddress(m_commonMdl) == m_common &&
                  MmGetMdlByteCount(m_commonMdl) == BufferBytes &&
                  MmGetSystemAddressForMdlSafe(m_commonMdl, NormalPagePriority) == m_common &&
                  frames[0] == static_cast<PFN_NUMBER>(first >> PAGE_SHIFT) &&
                  frames[1] == frames[0] + 1 && last == first + BufferBytes - 1 &&
                  last <= HighestAddress && first / Boundary == last / Boundary;
    return isGood ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

// Allocates pages that may be paged out, and keeps them in.
PAGEABLE NTSTATUS BufferedHardware::AllocatePaged()
{
    m_paged = ExAllocatePoolWithTag(PagedPool, BufferBytes, PoolTag);
    if (!m_paged) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    m_pagedMdl = IoAllocateMdl(m_paged, BufferBytes, FALSE, FALSE, nullptr);
    if (!m_pagedMdl) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // The memory is the driver's own, so there is no exception to handle.
    MmProbeAndLockPages(m_pagedMdl, KernelMode, IoModifyAccess);
    m_locked = true;
    PVOID mapped = MmGetSystemAddressForMdlSafe(m_pagedMdl, NormalPagePriority);
    m_mapped = static_cast<UCHAR *>(mapped);
    return mapped ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

ULONG BufferedHardware::Write(const UCHAR *data, ULONG length, bool patient)
{
    ULONG part = length < BufferBytes ? length : BufferBytes;
    RtlCopyMemory(m_mapped, data, part);
    RtlCopyMemory(m_common, m_mapped, part);
    return Hardware::Write(m_common, part, patient);
}

ULONG BufferedHardware::TakeCaptured(UCHAR *buffer, ULONG length)
{
    ULONG part = length < BufferBytes ? length : BufferBytes;
    ULONG taken = Hardware::TakeCaptured(m_mapped, part);
    RtlCopyMemory(buffer, m_mapped, taken);
    return taken;
}

class BufferedMiniport : public UartMiniport
{
protected:
    Hardware *CreateHardware(Card *card, PINTERRUPTSYNC interrupt) override
    {
        return new (NonPagedPoolNx) BufferedHardware(card, interrupt);
    }
};

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) BufferedMiniport();
}
