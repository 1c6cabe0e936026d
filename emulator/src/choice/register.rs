//! The register of choices: what the code can ask, and the possible answers.
//!
//! This file owns the table of choices and the types of the answers. The first answer, number 0, is
//! what happens without an oracle.

/// An answer to a choice: an enumeration whose members are numbered from 0.
pub trait Answer: Copy + 'static {
    /// The answers in the order of their numbers; the first is what happens without an oracle.
    const ALL: &'static [Self];
    /// The answers in the words that a trace shows, in the same order.
    const WORDS: &'static [&'static str];
}

/// Declares answers in the order of their numbers, with the words that a trace shows.
macro_rules! answers {
    ($($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident $word:literal,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl Answer for $name {
            const ALL: &'static [$name] = &[$($name::$variant),+];
            const WORDS: &'static [&'static str] = &[$($word),+];
        }
    )+};
}

/// Declares the choices: for each one its id, its meaning, and the type of its answer.
macro_rules! choices {
    ($($(#[$meta:meta])* $variant:ident $id:literal $meaning:literal $answer:ident;)+) => {
        /// Something that can happen in several ways.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Choice {
            $($(#[$meta])* $variant,)+
        }

        impl Choice {
            /// Every choice.
            pub const ALL: [Choice; [$($id),+].len()] = [$(Choice::$variant),+];

            /// The word for the choice in a trace and in a list of answers: letters `a` to `z` and
            /// `-`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Choice::$variant => $id,)+
                }
            }

            /// What could happen, in one sentence without its full stop.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Choice::$variant => $meaning,)+
                }
            }

            /// The answers in words, in the order of their numbers. Number 0 is what happens
            /// without an oracle.
            #[must_use]
            pub const fn answers(self) -> &'static [&'static str] {
                match self {
                    $(Choice::$variant => <$answer as Answer>::WORDS,)+
                }
            }
        }
    };
}

impl Choice {
    /// The choice with this id, `None` when there is none.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|choice| choice.id() == id)
    }
}

choices! {
    /// An interrupt that waits may begin or may be put off. The kernel asks this at each preemption
    /// point where the IRQL lets the interrupt through. An interrupt that the oracle puts off waits
    /// for the next point. When the answer is that other work runs first, the kernel asks again at
    /// the same point.
    Interrupt "interrupt" "an interrupt that waits may begin" Begin;
    /// A DPC that waits may begin or may be put off, when the IRQL lets it through. When the DPC
    /// begins, all DPCs that wait run in the order of the queue; no answer changes this order. The
    /// kernel asks this at the same points as [`Choice::Interrupt`].
    Dpc "dpc" "the DPCs that wait may begin" Begin;
    /// A timer is due and waits for the clock interrupt. The interrupt may come at this point,
    /// because no document promises the clock's phase. No timer expires before its due time, and
    /// the time-out of a wait still ends at the regular clock interrupt. The kernel asks this at
    /// each preemption point below the level of the clock while such a timer waits.
    Clock "clock" "the clock interrupt may come for a timer that is due" Happens;
    /// The kernel may call the routines of a line when no device asks for service. Such an
    /// interrupt comes from noise, or from another device on a shared line. The kernel asks this at
    /// each preemption point. At such a point it asks once about each connected line, if the line
    /// requests nothing and the IRQL lets it through.
    Spurious "spurious" "an interrupt may come that no device asked for" Happens;
    /// A line that remembers edges may miss an edge; the next edge counts again. The kernel asks
    /// this at each edge.
    Edge "edge" "an edge of an interrupt line may be missed" Delivery;
    /// An allocation may fail as if there were no memory left: NULL, or
    /// `STATUS_INSUFFICIENT_RESOURCES`. The kernel asks this at each allocation that would succeed.
    Allocation "allocation" "an allocation of memory may fail" Refusal;
    /// The kernel may refuse to connect a service routine: `STATUS_INSUFFICIENT_RESOURCES`. The
    /// kernel asks this at each connection that would succeed.
    Connect "connect" "the connection of an interrupt may be refused" Refusal;
    /// A call may be refused with `STATUS_ACCESS_DENIED`: opening, making or deleting a key,
    /// setting or deleting a value, and RtlQueryRegistryValues. The kernel asks this at each such
    /// call.
    Registry "registry" "a call of the registry may be refused" Refusal;
    /// What happens to a byte that the driver writes to a register, on its way to the card. The
    /// machine asks this at each write.
    ByteToCard "byte-to-card" "a byte written to the card may suffer" Fate;
    /// What happens to a byte that comes in from outside, such as through a cable. The machine asks
    /// this at each byte.
    ByteToInput "byte-to-input" "a byte sent to the card's input may suffer" Fate;
    /// A request that is not complete may be cancelled, as if another thread of the application did
    /// it. The kernel asks this at each preemption point below DISPATCH_LEVEL while there is such a
    /// request.
    Cancel "cancel" "a request may be cancelled" Cancel;
    /// A device may be pulled out. The machine asks this at each preemption point while a driver is
    /// attached to the device.
    Removal "removal" "the device may vanish" Happens;
    /// The power may change. The machine asks this at each preemption point at PASSIVE_LEVEL while
    /// the device is started and no other change is under way.
    Power "power" "the power may change" Power;
}

answers! {
    /// When a waiting interrupt or DPC begins.
    pub enum Begin {
        /// At this preemption point.
        Now "now",
        /// Later: the kernel asks again at the next preemption point.
        Later "later",
        /// After other work has kept the processor for 25 us, less than the time of a byte on a
        /// slow device.
        After25Us "after 25 us",
        /// After other work has kept the processor for 350 us, longer than a slow device needs for
        /// a byte.
        After350Us "after 350 us",
        /// After other work has kept the processor for 1 500 us, longer than a small buffer lasts.
        After1500Us "after 1500 us",
    }

    /// Whether an event happens at this point.
    pub enum Happens {
        /// The event does not happen.
        No "no",
        /// The event happens.
        Now "now",
    }

    /// Whether a signal arrives.
    pub enum Delivery {
        /// The signal arrives.
        Delivered "delivered",
        /// The signal is lost.
        Lost "lost",
    }

    /// Whether a call that may fail does fail.
    pub enum Refusal {
        /// The call succeeds.
        Granted "granted",
        /// The call fails.
        Refused "refused",
    }

    /// What happens to a byte on its way.
    pub enum Fate {
        /// The byte arrives unchanged.
        Whole "whole",
        /// The byte arrives late, and so do the bytes behind it.
        Late "late",
        /// The byte does not arrive.
        Dropped "dropped",
        /// The byte arrives twice.
        Repeated "repeated",
        /// The byte arrives with its lowest bit inverted.
        Garbled "garbled",
    }

    /// Which request is cancelled.
    pub enum Cancel {
        /// No request.
        None "none",
        /// The request that was sent first.
        Oldest "the oldest",
        /// The request that was sent last.
        Newest "the newest",
    }

    /// What happens to the power.
    pub enum Power {
        /// The power state stays.
        Stays "stays",
        /// The device goes to D3 and back to D0, like an idle device.
        DeviceOffAndOn "D3 and D0",
        /// The system goes to sleep in S3, unless a driver objects, and wakes again.
        SleepAndWake "S3 and S0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_has_an_id_of_its_own_and_at_least_two_answers() {
        for choice in Choice::ALL {
            assert_eq!(Choice::from_id(choice.id()), Some(choice));
            assert!(choice.id().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(choice.answers().len() > 1 && !choice.meaning().ends_with('.'), "{choice:?}");
        }
        assert_eq!(Choice::from_id("weather"), None);
    }
}
