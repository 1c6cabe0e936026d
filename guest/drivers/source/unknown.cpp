// Pool behind new and delete, and the count behind CUnknown.
#include "unknown.h"

// The identifiers that the headers only declare. Source: WDK, portcls.h.
extern "C" const GUID IID_IUnknown = {
    0x00000000, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
extern "C" const GUID IID_IMiniport = {
    0xB4C90A24, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID IID_IMiniportMidi = {
    0xB4C90A41, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID IID_IMiniportMidiStream = {
    0xB4C90A42, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID IID_IPowerNotify = {
    0x3DD648B8, 0x969F, 0x11D1, {0x95, 0xA9, 0x00, 0xC0, 0x4F, 0xB9, 0x25, 0xD3}};
extern "C" const GUID CLSID_PortMidi = {
    0xB4C90A43, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};

void *__cdecl operator new(size_t size, POOL_TYPE pool) noexcept
{
    void *block = ExAllocatePoolWithTag(pool, size, PoolTag);
    if (block) {
        RtlZeroMemory(block, size);
    }
    return block;
}

void __cdecl operator delete(void *block) noexcept
{
    if (block) {
        ExFreePoolWithTag(block, PoolTag);
    }
}

void __cdecl operator delete(void *block, size_t) noexcept
{
    operator delete(block);
}

// Both C++ ABIs call a routine of the runtime when a pure virtual method is reached.
extern "C" void __cxa_pure_virtual()
{
    KeBugCheckEx(0xE2, 0, 0, 0, 0);
}

extern "C" int __cdecl _purecall()
{
    KeBugCheckEx(0xE2, 0, 0, 0, 0);
}

CUnknown::CUnknown(PUNKNOWN outer)
    : m_ref_count(0),
      m_outer_unknown(outer ? outer : reinterpret_cast<PUNKNOWN>(static_cast<PNONDELEGATINGUNKNOWN>(this)))
{
}

CUnknown::~CUnknown()
{
}

STDMETHODIMP_(ULONG) CUnknown::NonDelegatingAddRef()
{
    return InterlockedIncrement(&m_ref_count);
}

STDMETHODIMP_(ULONG) CUnknown::NonDelegatingRelease()
{
    LONG left = InterlockedDecrement(&m_ref_count);
    if (left == 0) {
        // A destructor may count up and down; the object must not go twice.
        m_ref_count = 1;
        delete this;
    }
    return left;
}

STDMETHODIMP_(NTSTATUS) CUnknown::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (!IsSameGuid(iid, IID_IUnknown)) {
        *object = nullptr;
        return STATUS_INVALID_PARAMETER;
    }
    *object = static_cast<PNONDELEGATINGUNKNOWN>(this);
    NonDelegatingAddRef();
    return STATUS_SUCCESS;
}
