//! A rule that a driver has to keep: what the registers of rules are made of.
//!
//! Owns the shape of a rule and the macro that makes a room's register. Each room that finds
//! breaches has one, in its `rules.rs`; the emulator's own is [`crate::rules`]. It never knows
//! which rules the rooms above it have.
//!
//! # Names
//!
//! A rule that Microsoft names keeps that name, in its spelling: `MarkIrpPending`. A rule of ours
//! is named after the mistake, in lower case with hyphens: `read-overrun`. So a name tells whose
//! rule it is, and where to look it up. One name stands for one mistake: what a developer would
//! mend in another way gets another name, except where Microsoft has one name for both.

use crate::bug_check::BugCheckCode;

/// A rule that a driver has to keep: one entry of a register that [`rules!`] makes.
///
/// [`rules!`]: crate::rules!
#[derive(PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// What has to be, in one sentence.
    pub meaning: &'static str,
    /// What a breach counts for.
    pub severity: Severity,
    /// What Driver Verifier stops the machine with: the bug check and its first parameter.
    pub verifier: Option<(BugCheckCode, u64)>,
    /// Routines that the rule is about, where it says at which IRQL they may be called; a `*` at
    /// the end stands for any other letters.
    pub routines: &'static [&'static str],
    /// Where it is written down.
    pub source: &'static str,
}

/// What a breach of a rule counts for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// A mistake: a violation, which fails a run.
    Error,
    /// A matter of good manners: a warning.
    Advice,
}

impl Rule {
    /// What a register says only where it is otherwise.
    pub const USUAL: Rule = Rule {
        id: "",
        meaning: "",
        severity: Severity::Error,
        verifier: None,
        routines: &[],
        source: "",
    };

    /// True for a name of Microsoft's, false for one of ours.
    #[must_use]
    pub fn is_microsofts(&self) -> bool {
        self.id.starts_with(|letter: char| letter.is_ascii_uppercase())
    }

    /// True for a rule about the IRQL at which this routine may be called.
    pub(crate) fn covers(&self, routine: &str) -> bool {
        self.routines.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => routine.starts_with(beginning),
            None => routine == *pattern,
        })
    }
}

/// Makes the register of a room's rules: a constant for each rule, and `RULES` with all of them.
///
/// One entry is all that a new rule needs; program, summary and `docs/rules.md` know it from
/// there. Its doc comment is its meaning, in one sentence that says what has to be; what follows
/// is its name, its source, and the fields of [`Rule`] that differ from [`Rule::USUAL`].
///
/// ```
/// use portcls_emulator::{Kernel, KernelConfig};
///
/// portcls_emulator::rules! {
///     /// The teapot must not be filled twice.
///     FILLED_TWICE = "filled-twice", source: "The manual of the teapot, page 1";
/// }
///
/// let kernel = Kernel::new(KernelConfig::default());
/// kernel.report_violation(&FILLED_TWICE, "one litre into one that was full");
/// assert_eq!(kernel.violations()[0].rule.meaning, "The teapot must not be filled twice.");
/// assert_eq!(RULES.len(), 1);
/// ```
#[macro_export]
macro_rules! rules {
    ($(
        $(#[doc = $meaning:literal])+
        $name:ident = $id:literal, source: $source:literal $(, $field:ident: $value:expr)* $(,)?;
    )+) => {
        $(
            $(#[doc = $meaning])+
            #[allow(clippy::needless_update, reason = "an entry may say everything")]
            pub static $name: $crate::Rule = $crate::Rule {
                id: $id,
                meaning: concat!($($meaning),+).trim_ascii(),
                source: $source,
                $($field: $value,)*
                ..$crate::Rule::USUAL
            };
        )+

        /// Every rule of this room.
        pub static RULES: &[&$crate::Rule] = &[$(&$name),+];
    };
}
