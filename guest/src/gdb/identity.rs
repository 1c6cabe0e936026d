//! What the guest is: its system, and the image of the driver.
//!
//! This file owns the answers by which a debugger finds the place of the image and its symbols,
//! without help from the user.

use std::convert::Infallible;

use gdbstub::common::{Endianness, Pid};
use gdbstub::target::TargetResult;
use gdbstub::target::ext::exec_file::ExecFile;
use gdbstub::target::ext::host_info::{HostInfo, HostInfoResponse};
use gdbstub::target::ext::libraries::Libraries;
use gdbstub::target::ext::section_offsets::{Offsets, SectionOffsets};
use gdbstub::target::ext::target_description_xml_override::TargetDescriptionXmlOverride;

use super::architecture::Architecture;
use super::target::Guest;
use crate::debugger::LoadedImage;

/// The answer to `qHostInfo`, which only lldb asks for. lldb takes the calling convention and the
/// processor from the answer.
impl<A: Architecture> HostInfo for Guest<A> {
    fn host_info(
        &self,
        write_item: &mut dyn FnMut(&HostInfoResponse<'_>),
    ) -> Result<(), Infallible> {
        write_item(&HostInfoResponse::Triple(A::TRIPLE));
        write_item(&HostInfoResponse::Endianness(Endianness::Little));
        write_item(&HostInfoResponse::PointerSize(size_of::<A::Usize>()));
        Ok(())
    }
}

/// The description says that the guest has no system (`none`), so gdb asks for the list of images.
/// Without this word gdb takes its own system, which is Linux in most builds, and looks for Linux
/// libraries in the memory of the guest.
impl<A: Architecture> TargetDescriptionXmlOverride for Guest<A> {
    fn target_description_xml(
        &self,
        _annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let plain = A::target_description_xml().unwrap_or_default();
        let end = "</architecture>";
        let described = plain.replacen(end, &format!("{end}<osabi>none</osabi>"), 1);
        Ok(part(&described, offset, length, buf))
    }
}

/// When the user has named no file of the driver, gdb asks for the path of this file.
impl<A: Architecture> ExecFile for Guest<A> {
    fn get_exec_file(
        &self,
        _pid: Option<Pid>,
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        Ok(part(&self.debuggee.image.path.to_string_lossy(), offset, length, buf))
    }
}

/// A debugger that has a file of the driver asks by how much to move the addresses in the file.
impl<A: Architecture> SectionOffsets for Guest<A> {
    fn get_section_offsets(&mut self) -> Result<Offsets<A::Usize>, Infallible> {
        let LoadedImage { base, preferred_base, .. } = self.debuggee.image;
        let offset = A::usize(base.wrapping_sub(preferred_base));
        Ok(Offsets::Sections { text: offset, data: offset, bss: Some(offset) })
    }
}

impl<A: Architecture> Libraries for Guest<A> {
    fn get_libraries(
        &self,
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let list = library_list(&self.debuggee.image);
        Ok(part(&list, offset, length, buf))
    }
}

/// The list of images. The list has a single image. The address of a segment is the address of the
/// first section.
///
/// gdb asks for the list when it has not opened a file of the driver. In this case the user named
/// no file, and the path in the answer to `qXfer:exec-file` leads to a file on another computer.
/// The guest never reports a stop with the reason `library`, which would make lldb read the list.
/// lldb would take the image as the program itself, and then forget the place of the image.
/// Source: gdb, Library List Format. Measured: lldb 19.1.7.
fn library_list(image: &LoadedImage) -> String {
    let name = escape(&image.path.to_string_lossy());
    let address = image.first_section;
    format!(
        "<library-list><library name=\"{name}\"><segment address=\"{address:#x}\"/></library>\
         </library-list>"
    )
}

/// A text as the value of an attribute in XML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Copies the part of an answer that the debugger asks for; returns the number of bytes in this
/// part.
fn part(answer: &str, offset: u64, length: usize, buf: &mut [u8]) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|offset| answer.as_bytes().get(offset..));
    let rest = rest.unwrap_or_default();
    let count = rest.len().min(length).min(buf.len());
    buf[..count].copy_from_slice(&rest[..count]);
    count
}
