//! The routines that the kernel calls when an interface changes its state.
//!
//! Source: WDK, IoRegisterPlugPlayNotification, EventCategoryDeviceInterfaceChange.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::kernel::Kernel;
use crate::work_item::WorkItem;

/// What has happened to an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InterfaceChange {
    /// The interface was enabled.
    Arrival,
    /// The interface was disabled.
    Removal,
}

/// A routine that the kernel calls when an interface is enabled or disabled. The routine gets the
/// name of the symbolic link.
/// IRQL: PASSIVE_LEVEL, in a work item.
pub type InterfaceRoutine = Rc<dyn Fn(&Kernel, InterfaceChange, &str)>;

/// The registration of an [`InterfaceRoutine`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceWatch(u64);

struct Watch {
    id: InterfaceWatch,
    class: [u8; 16],
    routine: InterfaceRoutine,
}

/// The routines that watch interfaces.
#[derive(Default)]
pub(super) struct Watches {
    next: Cell<u64>,
    watches: RefCell<Vec<Watch>>,
}

impl Watches {
    pub fn clear(&self) {
        drop(self.watches.take());
    }
}

impl Kernel {
    /// Registers a routine. From now on the kernel calls the routine when an interface of the class
    /// is enabled or disabled. IRQL: PASSIVE_LEVEL.
    #[doc(alias = "IoRegisterPlugPlayNotification")]
    pub fn watch_device_interfaces(
        &self,
        class: [u8; 16],
        routine: InterfaceRoutine,
    ) -> InterfaceWatch {
        let watches = &self.state.interfaces.watches;
        let id = InterfaceWatch(watches.next.replace(watches.next.get() + 1));
        watches.watches.borrow_mut().push(Watch { id, class, routine });
        id
    }

    /// Ends a registration. The kernel does not call the routine of the registration any more.
    /// IRQL: PASSIVE_LEVEL.
    #[doc(alias = "IoUnregisterPlugPlayNotificationEx")]
    pub fn unwatch_device_interfaces(&self, watch: InterfaceWatch) {
        let mut watches = self.state.interfaces.watches.watches.borrow_mut();
        let removed: Vec<Watch> = watches.extract_if(.., |known| known.id == watch).collect();
        drop(watches);
        drop(removed);
    }

    /// Calls the routines that watch the class. Each routine gets the name of the symbolic link,
    /// and runs in a work item of its own.
    pub(super) fn tell_interface_change(
        &self,
        change: InterfaceChange,
        class: [u8; 16],
        link: &str,
    ) {
        let watching: Vec<InterfaceWatch> = {
            let watches = self.state.interfaces.watches.watches.borrow();
            let of_class = watches.iter().filter(|watch| watch.class == class);
            of_class.map(|watch| watch.id).collect()
        };
        for id in watching {
            let link = link.to_owned();
            self.queue_work_item(&WorkItem::new(Rc::new(move |kernel: &Kernel| {
                kernel.call_watch(id, change, &link);
            })));
        }
    }

    fn call_watch(&self, id: InterfaceWatch, change: InterfaceChange, link: &str) {
        let routine = {
            let watches = self.state.interfaces.watches.watches.borrow();
            let known = watches.iter().find(|watch| watch.id == id);
            known.map(|watch| Rc::clone(&watch.routine))
        };
        if let Some(routine) = routine {
            routine(self, change, link);
        }
    }
}
