//! The version of Windows, for drivers that ask for it.
//!
//! The version is Windows 10, build 19041. NtBuildNumber has this build, and KUSER_SHARED_DATA
//! names Windows 10.
//! Source: WDK, IoIsWdmVersionAvailable and RtlIsNtDdiVersionAvailable; sdkddkver.h.

use crate::routine::{Call, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoIsWdmVersionAvailable", UpTo(PASSIVE_LEVEL), is_wdm_version_available),
    row!("RtlIsNtDdiVersionAvailable", UpTo(PASSIVE_LEVEL), is_ntddi_version_available),
];

/// The version of WDM. Source: the WDK page of IoIsWdmVersionAvailable lists 6.0 from Windows Vista
/// on, and wdm.h of Windows 10 has the same WDM_MAJORVERSION and WDM_MINORVERSION.
const WDM_VERSION: (u8, u8) = (6, 0);

/// NTDDI_WIN10_VB, the version of build 19041.
const NTDDI_VERSION: u32 = 0x0A00_0008;

/// `BOOLEAN IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)`
fn is_wdm_version_available(_call: &Call<'_>, major: u8, minor: u8) -> bool {
    (major, minor) <= WDM_VERSION
}

/// `BOOLEAN RtlIsNtDdiVersionAvailable(ULONG Version)`
fn is_ntddi_version_available(_call: &Call<'_>, version: u32) -> bool {
    version <= NTDDI_VERSION
}
