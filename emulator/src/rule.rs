//! A rule that a driver has to keep: an entry of a register of rules.
//!
//! This file owns the shape of a rule and the macro that makes a room's register. Each room that
//! finds breaches of rules has a register in its `rules.rs`; the register of the emulator is
//! [`mod@crate::rules`]. This file never knows the rules of the rooms above.
//!
//! # Names
//!
//! A rule that has a name of Microsoft keeps this name and its spelling: `MarkIrpPending`. A rule
//! of ours is named after the mistake, in lower case with hyphens: `read-overrun`. So a name tells
//! who made the rule and where a reader finds it. One name stands for one mistake. Two mistakes
//! that a developer mends in different ways get two names, except where Microsoft has one name for
//! both.

use crate::bug_check::BugCheckCode;

/// A rule that a driver has to keep: one entry of a register that [`rules!`] makes.
///
/// [`rules!`]: crate::rules!
#[derive(PartialEq, Eq, Debug)]
pub struct Rule {
    /// The name of the rule.
    pub id: &'static str,
    /// What a driver must do or must not do, in one sentence.
    pub meaning: &'static str,
    /// How serious a breach is.
    pub severity: Severity,
    /// The bug check, and its first parameter, with which Driver Verifier stops the machine.
    pub verifier: Option<(BugCheckCode, u64)>,
    /// For a rule about the highest IRQL of calls to certain routines: the names of these routines.
    /// A `*` at the end of a name means any letters. Any other rule names no routines.
    pub routines: &'static [&'static str],
    /// The document in which the rule stands.
    pub source: &'static str,
}

/// How serious a breach of a rule is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// A breach is a mistake. The kernel reports a violation, and the run fails.
    Error,
    /// The rule is only advice. A breach is a warning, and the run does not fail.
    Advice,
}

impl Rule {
    /// The values of the fields that an entry of a register leaves out.
    pub const USUAL: Rule = Rule {
        id: "",
        meaning: "",
        severity: Severity::Error,
        verifier: None,
        routines: &[],
        source: "",
    };

    /// True for a rule that Microsoft named, false for one of ours.
    #[must_use]
    pub fn is_microsofts(&self) -> bool {
        self.id.starts_with(|letter: char| letter.is_ascii_uppercase())
    }

    /// True for a rule about the highest IRQL of calls to this routine.
    pub(crate) fn covers(&self, routine: &str) -> bool {
        self.routines.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => routine.starts_with(beginning),
            None => routine == *pattern,
        })
    }
}

/// Makes the register of a room's rules: a static item for each rule, and `RULES` with all rules.
///
/// A new rule needs only one entry; the program, the summary and `docs/rules.md` take the rule from
/// the register. The doc comment of the entry is the meaning of the rule: one sentence that says
/// what a driver must do or must not do. After the doc comment stand the name, the source, and the
/// other fields of [`Rule`] that differ from [`Rule::USUAL`].
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
