//! Offsets of the fields of kernel and PortCls structures.
//!
//! This file owns the layouts for both bitnesses as plain numbers: code reads
//! `layout.irp.io_status` and need not know the bitness. The table in `layout/table.rs` is
//! generated, with a row for each field and a column for each bitness. `drivers/layout.txt` lists
//! the structures and fields. This file must never know what the fields mean.
//!
//! Source: the public headers wdm.h, ntddk.h, ks.h, portcls.h and dmusicks.h of mingw-w64. The
//! compilers themselves report the offsets. Only offsets that no header tells stand in
//! `drivers/layout.txt`.

/// Declares `Layout`, one type for each structure in `Layout`, and the two values of `Layout`. A
/// row has an offset in bytes for x64 and an offset for x86.
macro_rules! structures {
    ($($name:ident: $type:ident = $c_name:literal {
        size_of: $size_x64:literal $size_x86:literal,
        $($field:ident: $x64:literal $x86:literal,)*
    })*) => {
        /// Layouts of all structures for one bitness.
        #[derive(Debug)]
        pub struct Layout {
            $(#[doc = concat!("`", $c_name, "`")] pub $name: $type,)*
        }
        $(
            #[doc = concat!("Size and offsets of `", $c_name, "`, in bytes.")]
            #[derive(Debug)]
            pub struct $type {
                /// Size of the structure in bytes.
                pub size_of: u32,
                $(#[doc = concat!("Offset of `", stringify!($field), "`.")] pub $field: u32,)*
            }
        )*

        /// Layouts of all structures for x64.
        pub static X64: Layout =
            Layout { $($name: $type { size_of: $size_x64, $($field: $x64,)* },)* };

        /// Layouts of all structures for x86.
        pub static X86: Layout =
            Layout { $($name: $type { size_of: $size_x86, $($field: $x86,)* },)* };
    };
}

mod table;

pub use table::*;

impl Layout {
    /// The layouts of one bitness.
    #[must_use]
    pub fn of(mode: cpu_x86::Mode) -> &'static Layout {
        match mode {
            cpu_x86::Mode::Bits32 => &X86,
            cpu_x86::Mode::Bits64 => &X64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{X64, X86};

    /// Source: public documentation and debugger listings of the structures, x64.
    #[test]
    fn sizes_on_x64_are_the_known_ones() {
        assert_eq!(X64.irp.size_of, 208);
        assert_eq!(X64.io_stack_location.size_of, 72);
        assert_eq!(X64.driver_object.size_of, 336);
        assert_eq!(X64.driver_object.major_function, 112);
        // The public headers of mingw-w64 leave out the alignment of 16 that the structure has.
        assert_eq!(X64.device_object.size_of.next_multiple_of(16), 336);
        assert_eq!(X64.kdpc.size_of, 64);
        assert_eq!(X64.ktimer.size_of, 64);
        assert_eq!(X64.kevent.size_of, 24);
        assert_eq!(X64.file_object.size_of, 216);
        assert_eq!(X64.cm_partial_resource_descriptor.size_of, 20);
        assert_eq!(X64.pcpin_descriptor.size_of, 112);
        assert_eq!(X64.pcfilter_descriptor.size_of, 80);
        assert_eq!(X64.pcautomation_table.size_of, 56);
        assert_eq!(X64.ksdatarange_music.size_of, 96);
        assert_eq!(X64.dmus_kernel_event.size_of, 40);
    }

    /// Source: public documentation and debugger listings of the structures, x86.
    #[test]
    fn sizes_on_x86_are_the_known_ones() {
        assert_eq!(X86.irp.size_of, 112);
        assert_eq!(X86.io_stack_location.size_of, 36);
        assert_eq!(X86.driver_object.size_of, 168);
        assert_eq!(X86.device_object.size_of, 184);
        assert_eq!(X86.kdpc.size_of, 32);
        assert_eq!(X86.ktimer.size_of, 40);
        assert_eq!(X86.cm_partial_resource_descriptor.size_of, 16);
        assert_eq!(X86.ksdatarange_music.size_of, 96);
        assert_eq!(X86.dmus_kernel_event.size_of, 32);
    }

    #[test]
    fn the_shared_time_lies_where_inlined_reads_look_for_it() {
        for layout in [&X64, &X86] {
            assert_eq!(layout.kuser_shared_data.interrupt_time, 0x08);
            assert_eq!(layout.kuser_shared_data.system_time, 0x14);
            assert_eq!(layout.kuser_shared_data.tick_count, 0x320);
        }
    }
}
