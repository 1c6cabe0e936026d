// A good driver whose MIDI range has attributes: in the array of ranges, an attribute list stands
// behind it.
#include "descriptor.h"
#include "miniport.h"

// An attribute that is the driver's own, and one that a format must have.
static KSATTRIBUTE OwnAttribute = {
    sizeof(KSATTRIBUTE), 0,
    {0x3C1B70E2, 0x5A64, 0x4D0F, {0x9E, 0x21, 0x0C, 0x44, 0xB7, 0x1A, 0xE5, 0x68}}};
static KSATTRIBUTE RequiredAttribute = {
    sizeof(KSATTRIBUTE), KSATTRIBUTE_REQUIRED,
    {0x8D90A3F4, 0x1B5C, 0x4FE8, {0xA7, 0x33, 0x52, 0x60, 0xCE, 0x19, 0x0B, 0x7D}}};

static PKSATTRIBUTE Attributes[] = {&OwnAttribute, &RequiredAttribute};
static KSATTRIBUTE_LIST AttributeList = {SIZEOF_ARRAY(Attributes), Attributes};

static KSDATARANGE_MUSIC RangeWithAttributes;

static PKSDATARANGE Ranges[3];
static PCPIN_DESCRIPTOR Pins[4];
static PCFILTER_DESCRIPTOR Filter;

class WithAttributes : public UartMiniport
{
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description) override
    {
        NTSTATUS status = UartMiniport::GetDescription(description);
        Filter = **description;
        RtlCopyMemory(Pins, Filter.Pins, Filter.PinCount * sizeof(PCPIN_DESCRIPTOR));
        PKSDATARANGE plain = Pins[RenderPin].KsPinDescriptor.DataRanges[0];
        RangeWithAttributes = *reinterpret_cast<PKSDATARANGE_MUSIC>(plain);
        RangeWithAttributes.DataRange.Flags |= KSDATARANGE_ATTRIBUTES;
        Ranges[0] = reinterpret_cast<PKSDATARANGE>(&RangeWithAttributes);
        Ranges[1] = reinterpret_cast<PKSDATARANGE>(&AttributeList);
        Ranges[2] = plain;
        Pins[RenderPin].KsPinDescriptor.DataRangesCount = SIZEOF_ARRAY(Ranges);
        Pins[RenderPin].KsPinDescriptor.DataRanges = Ranges;
        Filter.Pins = Pins;
        *description = &Filter;
        return status;
    }
};

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) WithAttributes();
}
