// Closes the gaps of the mingw-w64 driver headers; forced in before every source with -include.
//
// Owns nothing but declarations. Where a compiler brings the missing piece itself, the part here
// does no harm, so one shim serves GCC for both bitnesses and clang with the MSVC ABI.
#pragma once

// Kernel-mode names that basetyps.h and the audio headers use but only winnt.h declares.
#define DECLSPEC_NOVTABLE
#define DECLSPEC_NOTHROW

// wdm.h defines these two again as plain functions, which C++ refuses after intrin.h has done so.
#include <intrin.h>
#define InterlockedBitTestAndSet WdmInterlockedBitTestAndSet
#define InterlockedBitTestAndReset WdmInterlockedBitTestAndReset

extern "C" {
#include <wdm.h>
}

// ksmedia.h uses the first, portcls.h points at the others.
typedef WCHAR TCHAR;
struct KSRTAUDIO_HWLATENCY;
typedef KSRTAUDIO_HWLATENCY *PKSRTAUDIO_HWLATENCY;
struct KSRTAUDIO_HWREGISTER;
typedef KSRTAUDIO_HWREGISTER *PKSRTAUDIO_HWREGISTER;
