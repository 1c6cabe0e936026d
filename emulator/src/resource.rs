//! Hardware resources that are assigned to a device.

/// Whether an interrupt line remembers an edge or follows a level.
#[doc(alias = "KINTERRUPT_MODE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TriggerMode {
    /// A rising edge is remembered until it is served. The lines of the ISA bus work in this way.
    Latched,
    /// The line asks for service while it is up.
    Level,
}

/// Whether several drivers may use a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// One driver only.
    Exclusive,
    /// Several drivers.
    Shared,
}

/// The kinds of resources, with the numbers of CM_RESOURCE_TYPE.
#[doc(alias = "CM_RESOURCE_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum ResourceKind {
    /// I/O ports.
    Port = 1,
    /// An interrupt.
    Interrupt = 2,
    /// Memory.
    Memory = 3,
    /// A DMA channel.
    Dma = 4,
}

/// One assigned resource.
#[doc(alias = "CM_PARTIAL_RESOURCE_DESCRIPTOR")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// A range of I/O ports.
    Port {
        /// First port.
        start: u64,
        /// Number of ports.
        length: u32,
    },
    /// An interrupt.
    Interrupt {
        /// IRQL in a translated list, the line in a raw list.
        level: u32,
        /// Vector in a translated list, the line in a raw list.
        vector: u32,
        /// The processors that may take the interrupt, one bit for each processor.
        affinity: u64,
        /// Edge or level.
        trigger: TriggerMode,
        /// Whether the line is shared.
        share: Share,
    },
    /// A range of memory.
    Memory {
        /// Physical address.
        start: u64,
        /// Length in bytes.
        length: u32,
    },
    /// A DMA channel.
    Dma {
        /// Channel.
        channel: u32,
        /// Port of a Micro Channel device.
        port: u32,
    },
}

impl Resource {
    /// The kind of this resource.
    #[must_use]
    pub fn kind(&self) -> ResourceKind {
        match self {
            Resource::Port { .. } => ResourceKind::Port,
            Resource::Interrupt { .. } => ResourceKind::Interrupt,
            Resource::Memory { .. } => ResourceKind::Memory,
            Resource::Dma { .. } => ResourceKind::Dma,
        }
    }
}
