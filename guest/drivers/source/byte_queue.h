// Bytes between a system thread and the port, under a spin lock.
#pragma once

#include "unknown.h"

class ByteQueue
{
public:
    ByteQueue() { KeInitializeSpinLock(&m_lock); }

    // Puts bytes in; returns how many had room. DISPATCH_LEVEL or below.
    ULONG Put(const UCHAR *data, ULONG length)
    {
        KIRQL irql;
        KeAcquireSpinLock(&m_lock, &irql);
        ULONG put = 0;
        while (put < length && m_tail - m_head < Bytes) {
            m_bytes[m_tail++ % Bytes] = data[put++];
        }
        KeReleaseSpinLock(&m_lock, irql);
        return put;
    }

    // Takes the oldest bytes; returns how many. DISPATCH_LEVEL or below.
    ULONG Take(UCHAR *buffer, ULONG length)
    {
        KIRQL irql;
        KeAcquireSpinLock(&m_lock, &irql);
        ULONG taken = 0;
        while (taken < length && m_tail != m_head) {
            buffer[taken++] = m_bytes[m_head++ % Bytes];
        }
        KeReleaseSpinLock(&m_lock, irql);
        return taken;
    }

    void Clear()
    {
        UCHAR thrown[16];
        while (Take(thrown, sizeof thrown) > 0) {
        }
    }

private:
    static constexpr ULONG Bytes = 1024;

    KSPIN_LOCK m_lock;
    // Counts of all bytes that went in and out, modulo 2^32.
    ULONG m_tail = 0;
    ULONG m_head = 0;
    UCHAR m_bytes[Bytes];
};
