// Miniports that come with one part of their own: a card, its hardware, or a stream.
#pragma once

#include "miniport.h"

template <class BrokenCard> class WithCard : public UartMiniport
{
    Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group) override
    {
        return new (NonPagedPoolNx) BrokenCard(registers, port, group);
    }
};

template <class BrokenHardware> class WithHardware : public UartMiniport
{
    Hardware *CreateHardware(Card *card, PINTERRUPTSYNC interrupt) override
    {
        return new (NonPagedPoolNx) BrokenHardware(card, interrupt);
    }
};

template <class BrokenStream> class WithStream : public UartMiniport
{
    UartStream *CreateStream(bool capture) override
    {
        return new (NonPagedPoolNx) BrokenStream(Unknown(), *m_hardware, capture);
    }
};

// The body of CreateMiniport.
template <class BrokenMiniport> UartMiniport *Create()
{
    return new (NonPagedPoolNx) BrokenMiniport();
}
