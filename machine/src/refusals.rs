//! Finds the refused call that made a driver give up.

use portcls_emulator::{Need, NtStatus, RefusedCall};

/// Returns the refused call that most likely made a driver give up with this status. When no
/// refused call had this status, or when the status is not known, the result is the last refused
/// call that drivers need.
///
/// A driver mostly returns the status of its last refused call. A refusal of a call that drivers
/// can do without counts as the cause only if the driver gave up with the status of this call.
pub(crate) fn likely_cause(
    refused: &[RefusedCall],
    status: Option<NtStatus>,
) -> Option<RefusedCall> {
    let rank = |call: &&RefusedCall| {
        let is_passed_on = status == Some(call.status);
        (is_passed_on, call.need == Need::Required)
    };
    // Of several calls with the same rank, `max_by_key` returns the last.
    refused.iter().filter(|call| rank(call) != (false, false)).max_by_key(rank).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVALID: NtStatus = NtStatus::INVALID_PARAMETER;
    const UNSUPPORTED: NtStatus = NtStatus::NOT_SUPPORTED;

    fn call(routine: &str, need: Need, status: NtStatus) -> RefusedCall {
        RefusedCall { routine: routine.to_owned(), what: String::new(), status, need }
    }

    fn cause(refused: &[RefusedCall], status: Option<NtStatus>) -> Option<String> {
        likely_cause(refused, status).map(|call| call.routine)
    }

    #[test]
    fn the_last_refusal_whose_status_was_passed_on_is_the_cause() {
        let refused = [
            call("PcNewMiniport", Need::Required, UNSUPPORTED),
            call("PcNewPort", Need::Required, UNSUPPORTED),
            call("QueryInterface", Need::Optional, UNSUPPORTED),
            call("Connect", Need::Required, INVALID),
        ];
        assert_eq!(cause(&refused, Some(UNSUPPORTED)).as_deref(), Some("PcNewPort"));
        assert_eq!(cause(&refused, Some(INVALID)).as_deref(), Some("Connect"));
    }

    #[test]
    fn a_driver_with_a_status_of_its_own_was_refused_something_that_it_needs() {
        let refused = [
            call("PcNewPort", Need::Required, UNSUPPORTED),
            call("QueryInterface", Need::Optional, INVALID),
        ];
        assert_eq!(cause(&refused, Some(NtStatus::UNSUCCESSFUL)).as_deref(), Some("PcNewPort"));
        assert_eq!(cause(&refused, None).as_deref(), Some("PcNewPort"));
        assert_eq!(cause(&refused, Some(INVALID)).as_deref(), Some("QueryInterface"));
        assert_eq!(cause(&refused[1..], None), None);
        assert_eq!(cause(&[], Some(INVALID)), None);
    }
}
