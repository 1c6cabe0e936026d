//! Names that the driver gave to objects of the kernel, and has to take away again.
//!
//! A symbolic link has no address in the driver's memory, so its name leads to it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::origin::Origin;

/// The symbolic links that the driver made and did not delete, by their names in upper case.
#[derive(Default)]
pub(crate) struct LinkTable(RefCell<BTreeMap<String, Option<Origin>>>);

impl LinkTable {
    /// Notes a link that the driver made.
    pub fn insert(&self, name: &str, origin: Option<Origin>) {
        self.0.borrow_mut().insert(name.to_uppercase(), origin);
    }

    /// Forgets a link that was deleted.
    pub fn remove(&self, name: &str) {
        self.0.borrow_mut().remove(&name.to_uppercase());
    }

    /// How the driver got each link that is left.
    pub fn left(&self) -> Vec<Option<Origin>> {
        self.0.borrow().values().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_left_until_it_is_deleted_by_its_name_in_any_case() {
        let table = LinkTable::default();
        table.insert(r"\DosDevices\Uart", Some(Origin::Argument { routine: 0x1000 }));
        assert_eq!(table.left(), [Some(Origin::Argument { routine: 0x1000 })]);
        table.remove(r"\dosdevices\UART");
        assert_eq!(table.left(), []);
    }
}
