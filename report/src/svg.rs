//! picture
use crate::legend::Legend;
use crate::text::Header;
use portcls_emulator::trace::TraceLog;
/// x
pub fn picture(_log: &TraceLog, _header: &Header, _legend: &Legend) -> String {
    String::new()
}
