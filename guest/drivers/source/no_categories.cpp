// A good driver whose filter names no categories, so PortCls uses those of the port.
#include "descriptor.h"
#include "miniport.h"

static PCFILTER_DESCRIPTOR Filter;

class NoCategories : public UartMiniport
{
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description) override
    {
        Filter = DuplexFilter;
        Filter.CategoryCount = 0;
        Filter.Categories = nullptr;
        *description = &Filter;
        return STATUS_SUCCESS;
    }
};

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) NoCategories();
}
