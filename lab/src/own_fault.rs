//! Turns a panic of this program into a refusal, so that the page can go on.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

use crate::refusal::Refusal;

thread_local! {
    static NEWEST_PANIC: RefCell<String> = RefCell::default();
}

/// Calls `work`, and turns a panic that comes out of `work` into a refusal. Such a panic is a fault
/// of this program.
///
/// A panic of a driver in Rust never comes out of `work`: the emulator catches it, and the run ends
/// with it as a result.
pub fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, Refusal> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        set_hook(Box::new(|panic| NEWEST_PANIC.set(panic.to_string().replace('\n', " "))));
    });
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Refusal::own_fault(&NEWEST_PANIC.take()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exit;

    #[test]
    fn a_panic_is_a_sentence_that_names_its_place() {
        let refusal = guarded(|| panic!("the answer is not 42")).unwrap_err();
        assert_eq!(refusal.exit, Exit::OwnFault);
        assert!(refusal.sentence.contains("not of the driver or the file"), "{refusal:?}");
        assert!(refusal.sentence.contains("own_fault.rs"), "{refusal:?}");
        assert!(refusal.sentence.contains("the answer is not 42"), "{refusal:?}");
        assert_eq!(guarded(|| 42).unwrap(), 42);
    }
}
