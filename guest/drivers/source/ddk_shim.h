// The driver headers of mingw-w64 with their gaps closed. The compiler includes this file first.
//
// Owns only declarations. Where a compiler has a missing piece itself, the one here does no harm,
// so one shim serves GCC for both bitnesses and clang with the MSVC ABI.
#ifndef DDK_SHIM_H
#define DDK_SHIM_H

// Kernel-mode names that basetyps.h and the audio headers use but only winnt.h declares.
#define DECLSPEC_NOVTABLE
#define DECLSPEC_NOTHROW

// wdm.h defines these two as plain functions, which C++ refuses once intrin.h has defined them.
#include <intrin.h>
#define InterlockedBitTestAndSet WdmInterlockedBitTestAndSet
#define InterlockedBitTestAndReset WdmInterlockedBitTestAndReset

// Clang declares these two for the MSVC ABI and has no code for them; ntddk.h reads the IRQL by them.
#if defined(_MSC_VER) && defined(__clang__) && defined(_M_X64)
extern "C" inline unsigned __int64 __readcr8(void)
{
    unsigned __int64 value;
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

extern "C" inline void __writecr8(unsigned __int64 value)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}
#endif

// ntdef.h computes an offset by a cast, which is no constant for clang.
#include <ntdef.h>
#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) static_cast<LONG>(__builtin_offsetof(type, field))

extern "C" {
#include <ntddk.h>
}

// ksmedia.h uses the first name; portcls.h uses pointers to the others.
typedef WCHAR TCHAR;
struct KSRTAUDIO_HWLATENCY;
typedef KSRTAUDIO_HWLATENCY *PKSRTAUDIO_HWLATENCY;
struct KSRTAUDIO_HWREGISTER;
typedef KSRTAUDIO_HWREGISTER *PKSRTAUDIO_HWREGISTER;

// stdunk.h defines its own operators unless this name is defined.
#define _NEW_DELETE_OPERATORS_
#include <portcls.h>
#include <stdunk.h>

// Code for PASSIVE_LEVEL only, which Windows may page out.
#define PAGEABLE [[gnu::section("PAGE")]]

#endif
