//! DbgPrint: a driver's messages in the trace.

use std::fmt;

use crate::kernel::Kernel;

/// Longest message in bytes. The kernel cuts a longer message off.
/// Source: public documentation of DbgPrint.
const LONGEST_MESSAGE: usize = 512;

impl Kernel {
    /// Puts a driver's message into the trace, and into the program's diagnostics.
    ///
    /// IRQL: up to the highest device level. Line breaks at the end are dropped.
    #[doc(alias = "DbgPrint")]
    pub fn debug_print(&self, message: fmt::Arguments<'_>) {
        if self.is_frozen() {
            return;
        }
        let mut text = message.to_string();
        if text.len() > LONGEST_MESSAGE {
            let end = (0..=LONGEST_MESSAGE).rev().find(|&end| text.is_char_boundary(end));
            text.truncate(end.unwrap_or(0));
        }
        let text = text.trim_end_matches(['\r', '\n']);
        log::debug!(target: "dbgprint", "{} ns: {text}", self.now_ns());
        self.record_note(self.state.names.debug_print, text);
    }
}
