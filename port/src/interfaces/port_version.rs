//! `IPortClsVersion`: the version of Windows whose PortCls a driver runs on.

use crate::com::IUnknown;
use crate::ks::wire_enum;

wire_enum! {
    /// A version of Windows, with its number. Source: portcls.h.
    pub enum PortClsVersion {
        /// Windows 98.
        #[doc(alias = "kVersionWin98")]
        Windows98 = 0,
        /// Windows 98 Second Edition.
        #[doc(alias = "kVersionWin98SE")]
        Windows98SecondEdition = 1,
        /// Windows 2000.
        #[doc(alias = "kVersionWin2K")]
        Windows2000 = 2,
        /// Windows 98 Second Edition with a hot fix.
        #[doc(alias = "kVersionWin98SE_QFE2")]
        Windows98SecondEditionFix2 = 3,
        /// Windows 2000 with Service Pack 2.
        #[doc(alias = "kVersionWin2K_SP2")]
        Windows2000ServicePack2 = 4,
        /// Windows Me.
        #[doc(alias = "kVersionWinME")]
        WindowsMe = 5,
        /// Reserved.
        #[doc(alias = "kVersionWin98SE_QFE3")]
        Windows98SecondEditionFix3 = 6,
        /// Reserved.
        #[doc(alias = "kVersionWinME_QFE1")]
        WindowsMeFix1 = 7,
        /// Windows XP.
        #[doc(alias = "kVersionWinXP")]
        WindowsXp = 8,
        /// Windows XP with Service Pack 1.
        #[doc(alias = "kVersionWinXPSP1")]
        WindowsXpServicePack1 = 9,
        /// Windows Server 2003.
        #[doc(alias = "kVersionWinServer2003")]
        WindowsServer2003 = 10,
        /// Windows 2000 with subdevices that can be unregistered.
        #[doc(alias = "kVersionWin2K_UAAQFE")]
        Windows2000Unregisters = 11,
        /// Windows XP with subdevices that can be unregistered.
        #[doc(alias = "kVersionWinXP_UAAQFE")]
        WindowsXpUnregisters = 12,
        /// Windows Server 2003 with subdevices that can be unregistered.
        #[doc(alias = "kVersionWinServer2003_UAAQFE")]
        WindowsServer2003Unregisters = 13,
        /// Windows Vista and every later version.
        WindowsVista = 14,
        /// No version. No PortCls answers this value.
        Invalid = 0xFFFF_FFFF,
    }
}

/// Tells a driver the version of Windows.
///
/// The port implements this interface. The driver queries a port for the interface and calls it.
pub trait IPortClsVersion: IUnknown {
    /// The version, the same at every call.
    ///
    /// IRQL: any. `Assumed:` this level, because the call only returns a number. Never fails.
    /// Source: WDK, IPortClsVersion::GetVersion.
    #[doc(alias = "IPortClsVersion::GetVersion")]
    fn get_version(&self) -> PortClsVersion;
}
