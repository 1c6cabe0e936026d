// Counted objects in pool: what stdunk.h declares, and what a compiler expects of a C++ runtime.
#pragma once

// Tag of every pool block of these drivers, as a debugger shows it: "Mpu4".
constexpr ULONG PoolTag = 0x3475704D;

void *__cdecl operator new(size_t size, POOL_TYPE pool) noexcept;
void __cdecl operator delete(void *block) noexcept;
void __cdecl operator delete(void *block, size_t size) noexcept;

// Lets go of a counted pointer and forgets it. Null is allowed.
template <class Interface> void ReleaseAndClear(Interface *&pointer)
{
    if (pointer) {
        pointer->Release();
        pointer = nullptr;
    }
}

inline bool IsSameGuid(const GUID &left, const GUID &right)
{
    return RtlCompareMemory(&left, &right, sizeof(GUID)) == sizeof(GUID);
}
