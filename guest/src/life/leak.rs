//! Leaks: the things that a driver took and did not give back, with origins.

use std::collections::BTreeMap;
use std::fmt;

use crate::guest::Guest;
use crate::tables::origin::Origin;
use portcls_driver_file::symbols::{Place, Symbols};

/// Things of the same kind that a driver took at the same place and did not give back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leak {
    /// The kind of thing.
    pub what: Left,
    /// The number of things.
    pub count: u64,
    /// How the driver got the things, if this is known.
    pub origin: Option<LeakOrigin>,
}

/// How a driver got what it left behind. In words: `by ZwOpenKey before uart!Init+1C`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeakOrigin {
    /// The routine that the driver called; `None` when the kernel or the port handed the thing to
    /// a routine of the driver.
    pub routine: Option<&'static str>,
    /// The place of the driver's call; without a call, the driver's routine that got the thing.
    /// `None` outside of the driver's image.
    pub place: Option<Place>,
    /// The place in words. These words are there even if `place` is `None`.
    pub place_words: String,
}

impl fmt::Display for LeakOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.routine {
            Some(routine) => write!(f, "by {routine} before {}", self.place_words),
            None => write!(f, "handed to {}", self.place_words),
        }
    }
}

/// The kinds of things that a driver leaves behind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Left {
    /// Blocks of pool that were not freed.
    Pool {
        /// The tag, as it reads in memory.
        tag: String,
        /// The size of all these blocks in bytes.
        bytes: u64,
    },
    /// References to an object of the port.
    Reference {
        /// The interface.
        interface: &'static str,
    },
    /// Anything else.
    Object {
        /// The name in the plural: `work items`.
        kind: &'static str,
    },
}

impl Leak {
    /// A leak of `count` things. `kind` is the name of these things in the plural.
    #[must_use]
    pub fn of(kind: &'static str, count: u64) -> Leak {
        Leak { what: Left::Object { kind }, count, origin: None }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        let count = self.count;
        match &self.what {
            Left::Pool { tag, bytes } => {
                write!(f, "pool {tag}: {count} block{plural}, {bytes} bytes")?;
            }
            Left::Reference { interface } => write!(f, "{count} reference{plural} to {interface}")?,
            Left::Object { kind } => write!(f, "{kind}: {count}")?,
        }
        match &self.origin {
            Some(origin) => write!(f, ", {origin}"),
            None => Ok(()),
        }
    }
}

/// The total of the things with the same kind and the same origin.
#[derive(Default)]
struct Sum {
    count: u64,
    bytes: u64,
}

impl Guest {
    /// The things that the driver holds now and has to give back. After the driver was unloaded,
    /// these things are the leaks.
    ///
    /// `symbols` is only called when there is a leak, because reading symbols may take longer than
    /// the run.
    #[must_use]
    pub fn left_behind(&self, symbols: impl FnOnce() -> Symbols) -> Vec<Leak> {
        let mut sums: BTreeMap<(Left, Option<Origin>), Sum> = BTreeMap::new();
        let mut add = |what: Left, origin: Option<Origin>, count: u64, bytes: u64| {
            let sum = sums.entry((what, origin)).or_default();
            sum.count += count;
            sum.bytes += bytes;
        };
        for block in self.0.pool.blocks() {
            add(Left::Pool { tag: block.tag_text(), bytes: 0 }, block.origin, 1, block.bytes);
        }
        for (interface, references, origin) in self.0.port_objects.references_in_use() {
            add(Left::Reference { interface }, origin, references.into(), 0);
        }
        for (kind, origin) in self.0.bindings.left().into_iter().chain(self.0.shown.left()) {
            add(Left::Object { kind }, origin, 1, 0);
        }
        for origin in self.0.links.left() {
            add(Left::Object { kind: "symbolic links" }, origin, 1, 0);
        }
        if sums.is_empty() {
            return Vec::new();
        }
        let symbols = symbols();
        let leaks = sums.into_iter().map(|((what, origin), sum)| {
            let what = match what {
                Left::Pool { tag, .. } => Left::Pool { tag, bytes: sum.bytes },
                other => other,
            };
            let origin = origin.map(|origin| self.origin_of_leak(origin, &symbols));
            Leak { what, count: sum.count, origin }
        });
        leaks.collect()
    }

    fn origin_of_leak(&self, origin: Origin, symbols: &Symbols) -> LeakOrigin {
        let image = &self.loaded().image;
        let (routine, address) = match origin {
            Origin::Call { routine, return_address } => (Some(routine), return_address),
            Origin::Argument { routine } => (None, routine),
        };
        let place = self.loaded().rva(address).map(|rva| match routine {
            Some(_) => symbols.place_of_return(image, rva),
            None => symbols.place(image, rva),
        });
        let place_words =
            place.as_ref().map_or_else(|| self.describe_address(address), Place::to_string);
        LeakOrigin { routine, place, place_words }
    }
}
