//! Puts an image into guest memory: mapped, relocated, imports bound.

use std::ops::Range;

use portcls_driver_file::image::{Image, Residence, Section};

use super::bind_imports::{bind_imports, put_pointer};
use super::load_error::LoadError;
use crate::processor::paging::Pageable;
use crate::processor::space::PAGE;
use crate::processor::vm::Vm;
use crate::tables::loaded::Loaded;

/// The security cookie of the driver. Assumed: any value other than the cookie in the file will do;
/// a fixed value keeps runs alike. On x64 the upper 16 bits of the cookie are zero. Windows makes
/// them zero too.
const SECURITY_COOKIE: u64 = 0x0000_6D1D_1401_31F8;

/// Puts an image at the address that the address map has for an image.
pub(super) fn load(vm: &Vm, image: &Image) -> Result<Loaded, LoadError> {
    let mut image = image.clone();
    let base = vm.space.image;
    image.relocate(base)?;
    let mut cpu = vm.cpu.borrow_mut();
    for region in image.regions() {
        let at = base + u64::from(region.rva);
        cpu.memory_mut().map(at, u64::from(region.size), region.rights)?;
    }
    for (rva, bytes) in image.contents() {
        cpu.memory_mut().poke(base + u64::from(rva), bytes)?;
    }
    bind_imports(&mut cpu, &image, vm.space, &mut vm.thunks.borrow_mut())?;
    if let Some(rva) = image.load_config().security_cookie_rva {
        put_pointer(&mut cpu, base + u64::from(rva), SECURITY_COOKIE)?;
    }
    for section in sections(&image, Residence::Paged) {
        let Some(pages) = whole_pages(base, section) else { continue };
        let Some(rights) = cpu.memory().rights(pages.start) else { continue };
        let bytes = pages.end - pages.start;
        vm.paging.add(cpu.memory_mut(), Pageable { address: pages.start, bytes, rights });
    }
    let discardable = sections(&image, Residence::Discardable)
        .filter_map(|section| whole_pages(base, section))
        .collect();
    let (size, entry) = (u64::from(image.size()), base + u64::from(image.entry_rva()));
    Ok(Loaded { base, size, entry, image, discardable })
}

fn sections(image: &Image, residence: Residence) -> impl Iterator<Item = &Section> {
    image.sections().iter().filter(move |section| section.residence == residence)
}

/// The pages of a section that begins at a page. No other section uses the rest of its last page.
/// `None` for a section that does not begin at a page, because it shares this page.
fn whole_pages(base: u64, section: &Section) -> Option<Range<u64>> {
    if !u64::from(section.rva).is_multiple_of(PAGE) {
        return None;
    }
    let start = base + u64::from(section.rva);
    Some(start..start + u64::from(section.size).next_multiple_of(PAGE))
}
