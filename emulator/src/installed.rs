//! Items that the rooms above install in a kernel, one for each type.
//!
//! A room must not know the rooms above it, but it may need an item of theirs, such as the table of
//! the system's miniports. A room above installs the item here, and the room that needs the item
//! takes it from here. The kernel only keeps the items and never knows what they are. Windows has
//! no such place, because there each part keeps its tables in its own image.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use crate::kernel::Kernel;

/// The installed items, at most one of each type.
#[derive(Default)]
pub(crate) struct Installed {
    items: RefCell<Vec<Rc<dyn Any>>>,
}

impl Installed {
    /// Drops every item.
    pub fn clear(&self) {
        drop(self.items.take());
    }
}

impl Kernel {
    /// Installs an item, and drops the installed item of the same type. IRQL: any.
    pub fn install<T: Any>(&self, item: T) {
        let mut items = self.state.installed.items.borrow_mut();
        items.retain(|known| !known.is::<T>());
        items.push(Rc::new(item));
    }

    /// The installed item of a type. IRQL: any.
    #[must_use]
    pub fn installed<T: Any>(&self) -> Option<Rc<T>> {
        let items = self.state.installed.items.borrow();
        items.iter().find_map(|item| Rc::clone(item).downcast::<T>().ok())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Kernel, KernelConfig};

    #[derive(Debug, PartialEq)]
    struct Table(u32);

    #[test]
    fn an_item_is_found_by_its_type_and_the_newest_one_stays() {
        let kernel = Kernel::new(KernelConfig::default());
        assert_eq!(kernel.installed::<Table>(), None);
        kernel.install(7_u32);
        kernel.install(Table(1));
        kernel.install(Table(2));
        assert_eq!(kernel.installed::<Table>().as_deref(), Some(&Table(2)));
        assert_eq!(kernel.installed::<u32>().as_deref(), Some(&7));
    }
}
