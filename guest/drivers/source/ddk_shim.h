// The driver headers of mingw-w64 with their gaps closed; forced in before every source.
//
// Owns nothing but declarations. Where a compiler brings the missing piece itself, the part here
// does no harm, so one shim serves GCC for both bitnesses and clang with the MSVC ABI.
#ifndef DDK_SHIM_H
#define DDK_SHIM_H

// Kernel-mode names that basetyps.h and the audio headers use but only winnt.h declares.
#define DECLSPEC_NOVTABLE
#define DECLSPEC_NOTHROW

// wdm.h defines these two again as plain functions, which C++ refuses after intrin.h has done so.
#include <intrin.h>
#define InterlockedBitTestAndSet WdmInterlockedBitTestAndSet
#define InterlockedBitTestAndReset WdmInterlockedBitTestAndReset

// ntdef.h writes an offset as a cast, which is no constant for clang.
#include <ntdef.h>
#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) static_cast<LONG>(__builtin_offsetof(type, field))

extern "C" {
#include <ntddk.h>
}

// ksmedia.h uses the first, portcls.h points at the others.
typedef WCHAR TCHAR;
struct KSRTAUDIO_HWLATENCY;
typedef KSRTAUDIO_HWLATENCY *PKSRTAUDIO_HWLATENCY;
struct KSRTAUDIO_HWREGISTER;
typedef KSRTAUDIO_HWREGISTER *PKSRTAUDIO_HWREGISTER;

// stdunk.h brings its own operators unless told not to.
#define _NEW_DELETE_OPERATORS_
#include <portcls.h>
#include <stdunk.h>

// Code for PASSIVE_LEVEL only, which Windows may page out.
#define PAGEABLE [[gnu::section("PAGE")]]

#endif
