//! `IPortTopology` as a driver sees it: the methods of `IPort` alone.

use portcls_port::guid::iid;

use super::port::{GET_DEVICE_PROPERTY, INIT, NEW_REGISTRY_KEY};
use crate::com::family::Family;

pub(super) static PORT: Family = Family {
    name: "IPortTopology",
    iid: iid::PORT_TOPOLOGY,
    bases: &[iid::PORT],
    methods: &[INIT, GET_DEVICE_PROPERTY, NEW_REGISTRY_KEY],
};
