//! A ring buffer that can be cloned, because the chip can be cloned.
//!
//! Everything except the clone comes from the crate `ringbuf`. This file does not know what a ring
//! holds.

use core::ops::{Deref, DerefMut};
use ringbuf::storage::{Array, Heap, Storage};
use ringbuf::traits::{Consumer, Observer};
use ringbuf::{Cons, LocalRb};

/// A ring of items.
pub(crate) struct Ring<S: Storage>(LocalRb<S>);

impl<T> Ring<Heap<T>> {
    /// Makes an empty ring on the heap, with room for `capacity` items.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(LocalRb::<Heap<T>>::new(capacity))
    }
}

impl<T, const ITEMS: usize> Default for Ring<Array<T, ITEMS>> {
    #[inline]
    fn default() -> Self {
        Self(LocalRb::default())
    }
}

impl<S: Storage> Deref for Ring<S> {
    type Target = LocalRb<S>;

    #[inline(always)]
    fn deref(&self) -> &LocalRb<S> {
        &self.0
    }
}

impl<S: Storage> DerefMut for Ring<S> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut LocalRb<S> {
        &mut self.0
    }
}

impl<T: Copy, const ITEMS: usize> Clone for Ring<Array<T, ITEMS>> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.0.push_iter(Cons::new(&self.0).iter().copied());
        copy
    }
}

impl<T: Copy> Clone for Ring<Heap<T>> {
    fn clone(&self) -> Self {
        let mut copy = Self::with_capacity(self.0.capacity().get());
        copy.0.push_iter(Cons::new(&self.0).iter().copied());
        copy
    }
}
