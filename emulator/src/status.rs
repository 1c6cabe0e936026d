//! NTSTATUS values that the simulated kernel and PortCls return.
//!
//! Source: ntstatus.h, as listed in the public driver documentation.

use core::fmt;

/// An NTSTATUS: the severity is in bits 31 and 30, the facility and the code in the bits below.
///
/// A routine that can return `STATUS_PENDING`, or a warning together with data, returns the status
/// as a plain value, not as the error of a `Result<T, NtStatus>`.
#[doc(alias = "NTSTATUS")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct NtStatus(pub u32);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl NtStatus {
            $($(#[$doc])* pub const $name: NtStatus = NtStatus($value);)*

            /// The symbolic name, `STATUS_...`, or `None` for a value not in the table.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(concat!("STATUS_", stringify!($name))),)*
                    _ => None,
                }
            }

            /// The status with this symbolic name (`STATUS_SUCCESS`), if it is in the table.
            #[must_use]
            pub fn from_name(name: &str) -> Option<NtStatus> {
                match name.strip_prefix("STATUS_")? {
                    $(stringify!($name) => Some(NtStatus::$name),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    /// The call succeeded.
    SUCCESS = 0x0000_0000;
    /// A wait ended because its time was over.
    TIMEOUT = 0x0000_0102;
    /// The request was queued and completes later.
    PENDING = 0x0000_0103;
    /// The object exists already, and the call changed nothing.
    OBJECT_NAME_EXISTS = 0x4000_0000;
    /// The buffer was too small; a part was written, or only the needed size is returned.
    BUFFER_OVERFLOW = 0x8000_0005;
    /// An enumeration is at its end.
    NO_MORE_ENTRIES = 0x8000_001A;
    /// The call failed without a more exact reason.
    UNSUCCESSFUL = 0xC000_0001;
    /// The request is known, but not implemented.
    NOT_IMPLEMENTED = 0xC000_0002;
    /// The handle is not valid, or belongs to another kind of object.
    INVALID_HANDLE = 0xC000_0008;
    /// An argument is out of its range.
    INVALID_PARAMETER = 0xC000_000D;
    /// There is not enough memory for the call.
    NO_MEMORY = 0xC000_0017;
    /// The second argument is out of its range.
    INVALID_PARAMETER_2 = 0xC000_00F0;
    /// The device does not exist.
    NO_SUCH_DEVICE = 0xC000_000E;
    /// The request does not fit this device or this kind of object.
    INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// A completion routine keeps the IRP.
    MORE_PROCESSING_REQUIRED = 0xC000_0016;
    /// The buffer cannot hold the answer. Nothing was written.
    BUFFER_TOO_SMALL = 0xC000_0023;
    /// No object has this name.
    OBJECT_NAME_NOT_FOUND = 0xC000_0034;
    /// An object with this name exists already.
    OBJECT_NAME_COLLISION = 0xC000_0035;
    /// The caller has no right to this kind of access.
    ACCESS_DENIED = 0xC000_0022;
    /// The object has another type than the caller asked for.
    OBJECT_TYPE_MISMATCH = 0xC000_0024;
    /// A directory of the path does not exist.
    OBJECT_PATH_NOT_FOUND = 0xC000_003A;
    /// The count of a semaphore would get above its limit.
    SEMAPHORE_LIMIT_EXCEEDED = 0xC000_0047;
    /// The path does not have the form of a path.
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B;
    /// The object cannot be deleted as it is.
    CANNOT_DELETE = 0xC000_0121;
    /// The registry key was deleted.
    KEY_DELETED = 0xC000_017C;
    /// The table of create items of a device is full.
    ALLOTTED_SPACE_EXCEEDED = 0xC000_0099;
    /// There is not enough memory, or not enough of another resource.
    INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// The device cannot take requests now.
    DEVICE_NOT_READY = 0xC000_00A3;
    /// The request is not supported.
    NOT_SUPPORTED = 0xC000_00BB;
    /// The device is gone.
    DELETE_PENDING = 0xC000_0056;
    /// The request was cancelled.
    CANCELLED = 0xC000_0120;
    /// The assigned resources do not fit the device.
    DEVICE_CONFIGURATION_ERROR = 0xC000_0182;
    /// The device is in a state that does not allow the request.
    INVALID_DEVICE_STATE = 0xC000_0184;
    /// The hardware did not answer as expected.
    IO_DEVICE_ERROR = 0xC000_0185;
    /// The request does not allow this size of a buffer.
    INVALID_BUFFER_SIZE = 0xC000_0206;
    /// The item was not found.
    NOT_FOUND = 0xC000_0225;
    /// The property set is not supported by the object.
    PROPSET_NOT_FOUND = 0xC000_0230;
    /// No data range matches.
    NO_MATCH = 0xC000_0272;
    /// The device is in use.
    DEVICE_BUSY = 0x8000_0011;
    /// The device was removed.
    DEVICE_REMOVED = 0xC000_02B6;
}

impl NtStatus {
    /// True for success and informational values, as the `NT_SUCCESS` macro says.
    #[doc(alias = "NT_SUCCESS")]
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >> 31 == 0
    }

    /// The status of a `Result`: its error, or `SUCCESS`.
    #[must_use]
    pub fn of<T>(result: &Result<T, NtStatus>) -> NtStatus {
        match result {
            Ok(_) => NtStatus::SUCCESS,
            Err(status) => *status,
        }
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "NTSTATUS {:08X}", self.0),
        }
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::NtStatus;

    #[test]
    fn severity_decides_success() {
        assert!(NtStatus::SUCCESS.is_success());
        assert!(NtStatus::PENDING.is_success());
        assert!(!NtStatus::BUFFER_OVERFLOW.is_success());
        assert!(!NtStatus(0xC000_0001).is_success());
    }

    #[test]
    fn names_read_back() {
        assert_eq!(NtStatus(0xC000_0185).to_string(), "STATUS_IO_DEVICE_ERROR");
        assert_eq!(NtStatus::from_name("STATUS_IO_DEVICE_ERROR"), Some(NtStatus(0xC000_0185)));
        assert_eq!(NtStatus(0xC0DE_0001).to_string(), "NTSTATUS C0DE0001");
    }
}
