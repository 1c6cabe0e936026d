// DirectMusic miniports that come with one stream of their own.
#pragma once

#include "../dmus_parts.h"

template <class BrokenStream> class WithRender : public DmusMiniport
{
    PMXF CreateRender(PAllocatorMXF allocator) override
    {
        return new (NonPagedPoolNx) BrokenStream(Unknown(), *m_hardware, allocator);
    }
};

template <class BrokenStream> class WithCapture : public DmusMiniport
{
    PMXF CreateCapture(PAllocatorMXF allocator, PMASTERCLOCK clock) override
    {
        return new (NonPagedPoolNx) BrokenStream(Unknown(), *m_hardware, allocator, clock);
    }
};
