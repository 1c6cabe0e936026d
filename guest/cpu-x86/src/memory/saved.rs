//! Saves and restores memory.
//!
//! A save copies only the pages written since the last save. A restore copies only these pages, and
//! the pages whose saved copies differ.

use std::sync::Arc;

use super::{Memory, SlotState};
use crate::pages::{Copies, Layout, Page, Rights};

/// The memory's part of a snapshot. Snapshots share pages, so each further snapshot costs only what
/// differs.
#[derive(Debug, Clone)]
pub(crate) struct SavedMemory {
    layout: Arc<Layout>,
    copies: Copies,
}

impl Memory {
    /// Saves the pages written since the last save, and shares all other pages.
    pub(crate) fn save(&mut self) -> SavedMemory {
        for slot in std::mem::take(&mut self.changed_slots) {
            let known = &mut self.slots[slot as usize];
            if known.state == SlotState::Changed {
                known.state = SlotState::Saved;
                let page = known.page;
                self.copies.save(slot, &self.frames[slot as usize]);
                self.stop_free_writes(page);
            }
        }
        SavedMemory { layout: Arc::clone(&self.layout), copies: self.copies.clone() }
    }

    /// Restores pages, rights and contents. Watchpoints stay as they are.
    pub(crate) fn restore(&mut self, saved: &SavedMemory) {
        // A snapshot of another processor may use more slots than this memory has.
        self.grow(saved.layout.first_new);
        let copies = std::mem::replace(&mut self.copies, saved.copies.clone());
        for slot in std::mem::take(&mut self.changed_slots) {
            if self.slots[slot as usize].state == SlotState::Changed {
                self.slots[slot as usize].state = SlotState::Saved;
                self.refill(slot);
            }
        }
        copies.differences(&saved.copies, |slot| self.refill(slot));
        if !Arc::ptr_eq(&self.layout, &saved.layout) {
            self.restore_layout(&saved.layout);
        }
    }

    fn restore_layout(&mut self, saved: &Arc<Layout>) {
        let current = std::mem::replace(&mut self.layout, Arc::clone(saved));
        self.forget_translations();
        for (&page, entry) in &current.pages {
            if !stays_executable(saved.pages.get(&page), entry) {
                self.forget_code(entry.slot);
            }
        }
        for (&page, entry) in &saved.pages {
            self.slots[entry.slot as usize].page = page;
        }
    }

    /// Restores one slot's contents from the restored copies.
    fn refill(&mut self, slot: u32) {
        let Some(frame) = self.frames.get_mut(slot as usize) else { return };
        frame.copy_from_slice(self.copies.get(slot));
        let page = self.slots[slot as usize].page;
        self.stop_free_writes(page);
        self.forget_code(slot);
    }
}

/// Whether code decoded from a page still agrees with the restored layout.
fn stays_executable(restored: Option<&Page>, current: &Page) -> bool {
    restored.is_some_and(|page| page.slot == current.slot && page.rights == current.rights)
        && current.rights.contains(Rights::EXECUTE)
}
