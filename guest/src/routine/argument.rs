//! The types of a routine's arguments, and how a call's words become them.

use std::cell::Cell;
use std::marker::PhantomData;

use portcls_emulator::{Irql, NtStatus};

use super::Call;
use crate::guest::Guest;

/// A type that an argument of a routine can have.
///
/// Only this file can take a word from [`Words`]. A type in another file is put together from types
/// of this file, such as one type for three arguments that always come together.
pub trait Argument: Sized {
    /// The number of 32-bit words on x86. On x64 a simple argument is always one word of 64 bits.
    const WORDS: u8;

    /// Takes the argument from the remaining words of a call. After `None` the routine does not
    /// run, and the call ends with [`Answer::refusal`](super::Answer::refusal).
    fn take(words: &mut Words<'_>) -> Option<Self>;
}

/// The words of a call's arguments, taken in their order.
pub struct Words<'a> {
    call: &'a Call<'a>,
    taken: u64,
}

impl<'a> Words<'a> {
    #[inline]
    pub(super) fn of(call: &'a Call<'a>) -> Words<'a> {
        Words { call, taken: 0 }
    }

    /// The guest.
    pub(crate) fn guest(&self) -> &'a Guest {
        self.call.guest()
    }

    /// The next word: 64 bits on x64, 32 bits on x86.
    #[inline]
    fn next(&mut self) -> u64 {
        let index = self.taken;
        self.taken += 1;
        self.call.word(index)
    }

    /// The next 64 bits: one word on x64, or two words on x86 with the low word first.
    #[inline]
    fn next_u64(&mut self) -> u64 {
        let low = self.next();
        if self.call.word_bytes() == 8 { low } else { low | self.next() << 32 }
    }
}

/// An address in the guest, which may be null or bad: any `P…` type of the C declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer(pub u64);

impl Pointer {
    /// The null pointer.
    pub const NULL: Pointer = Pointer(0);

    /// Whether this pointer is the null pointer.
    #[must_use]
    pub fn is_null(self) -> bool {
        self == Pointer::NULL
    }

    /// The address of a field at an offset in bytes from this address.
    #[must_use]
    pub(crate) fn at(self, offset: u32) -> u64 {
        crate::memory::at(self.0, offset)
    }
}

/// A number as wide as a pointer: a SIZE_T, a ULONG_PTR, a HANDLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(pub u64);

/// A BOOLEAN: a byte that is true when it is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boolean(u8);

impl Boolean {
    /// Whether the byte means true.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.0 != 0
    }
}

/// Implements [`Argument`] for the types of a single word. In a type that is narrower than the
/// word, the upper bits of the word are cut off, because a C compiler leaves them undefined.
macro_rules! words {
    ($($type:ty = |$word:ident| $value:expr;)*) => {
        $(impl Argument for $type {
            const WORDS: u8 = 1;

            #[inline]
            fn take(words: &mut Words<'_>) -> Option<Self> {
                let $word = words.next();
                Some($value)
            }
        })*
    };
}

words! {
    Pointer = |word| Pointer(word);
    Word = |word| Word(word);
    u8 = |word| word as u8;
    u16 = |word| word as u16;
    u32 = |word| word as u32;
    i8 = |word| word as i8;
    Boolean = |word| Boolean(word as u8);
    Irql = |word| Irql(word as u8);
    NtStatus = |word| NtStatus(word as u32);
}

impl Argument for u64 {
    const WORDS: u8 = 2;

    #[inline]
    fn take(words: &mut Words<'_>) -> Option<u64> {
        Some(words.next_u64())
    }
}

/// A LARGE_INTEGER that is passed by value.
impl Argument for i64 {
    const WORDS: u8 = 2;

    #[inline]
    fn take(words: &mut Words<'_>) -> Option<i64> {
        Some(words.next_u64() as i64)
    }
}

/// A driver's pointer to a `T` where a routine writes a result. The pointer may be null or bad.
#[derive(Debug, Clone, Copy)]
pub struct Out<T> {
    address: u64,
    result: PhantomData<fn(T)>,
}

impl<T: Stored> Out<T> {
    /// Whether the driver passed a null pointer.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.address == 0
    }

    /// Writes the result. A null pointer is a bad pointer like any other.
    #[inline]
    pub fn set(&self, guest: &Guest, result: T) {
        result.store(guest, self.address);
    }

    /// Writes the result, unless the driver passed a null pointer.
    pub fn set_if_given(&self, guest: &Guest, result: T) {
        if !self.is_null() {
            self.set(guest, result);
        }
    }
}

impl<T: Stored> Argument for Out<T> {
    const WORDS: u8 = 1;

    #[inline]
    fn take(words: &mut Words<'_>) -> Option<Out<T>> {
        Some(Out { address: words.next(), result: PhantomData })
    }
}

/// A result that a routine can write through an [`Out`].
pub trait Stored {
    /// Writes the result. A bad address is a bug check.
    fn store(self, guest: &Guest, address: u64);
}

impl Stored for u32 {
    fn store(self, guest: &Guest, address: u64) {
        guest.store_u32(address, self);
    }
}

impl Stored for u64 {
    fn store(self, guest: &Guest, address: u64) {
        guest.store_u64(address, self);
    }
}

impl Stored for Irql {
    fn store(self, guest: &Guest, address: u64) {
        guest.store_u8(address, self.0);
    }
}

impl Stored for Pointer {
    fn store(self, guest: &Guest, address: u64) {
        guest.store_word(address, self.0);
    }
}

impl Stored for Word {
    fn store(self, guest: &Guest, address: u64) {
        guest.store_word(address, self.0);
    }
}

/// The arguments after the last declared argument: `...` in C.
pub struct Variables {
    taken: Cell<u64>,
}

impl Variables {
    /// The next word. A call does not say how many arguments it has, so a routine can ask for more
    /// than the driver passed. Past the end of the stack the word is 0.
    pub(crate) fn next(&self, call: &Call<'_>) -> u64 {
        let index = self.taken.get();
        if let Some(address) = call.in_stack(index)
            && !call.guest().is_readable(address, call.word_bytes() as usize)
        {
            return 0;
        }
        self.taken.set(index + 1);
        call.word(index)
    }
}

impl Argument for Variables {
    const WORDS: u8 = 0;

    fn take(words: &mut Words<'_>) -> Option<Variables> {
        Some(Variables { taken: Cell::new(words.taken) })
    }
}
