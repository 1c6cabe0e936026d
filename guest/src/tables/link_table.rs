//! Names that the driver gave to objects, and has to take away again.
//!
//! A symbolic link has no address in the driver's memory, so the table finds a link by its name.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::origin::Origin;

/// The symbolic links that the driver made and did not delete, by their paths.
#[derive(Default)]
pub(crate) struct LinkTable(RefCell<BTreeMap<String, Option<Origin>>>);

impl LinkTable {
    /// Notes a link that the driver made.
    pub fn insert(&self, path: String, origin: Option<Origin>) {
        self.0.borrow_mut().insert(path, origin);
    }

    /// Forgets a link that was deleted.
    pub fn remove(&self, path: &str) {
        self.0.borrow_mut().remove(path);
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
    fn a_link_is_left_until_it_is_deleted() {
        let table = LinkTable::default();
        table.insert(r"\??\UART".to_owned(), Some(Origin::Argument { routine: 0x1000 }));
        assert_eq!(table.left(), [Some(Origin::Argument { routine: 0x1000 })]);
        table.remove(r"\??\UART");
        assert_eq!(table.left(), []);
    }
}
