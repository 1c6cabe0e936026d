//! Enumerations that Windows numbers, declared with numbers and names.
//!
//! This file owns only the macro. Each enumeration and its numbers stand in the file of its
//! subject.

/// Declares an enumeration with the numbers of the headers, and with the names that a trace shows.
/// The enumeration gets `ALL`, `number()`, `from_number()` and `name()`.
macro_rules! numbered {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $number:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $value:literal $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr($number)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $value,)+
        }

        impl $name {
            /// Every member, in the order of the declaration.
            pub const ALL: [$name; [$($text),+].len()] = [$($name::$variant),+];

            /// The number of this member in Windows.
            #[must_use]
            pub const fn number(self) -> $number {
                self as $number
            }

            /// The member with this number, `None` when there is none.
            #[must_use]
            pub const fn from_number(number: $number) -> Option<$name> {
                match number {
                    $($value => Some($name::$variant),)+
                    _ => None,
                }
            }

            /// The name that a trace and a report show.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }
        }
    };
}

pub(crate) use numbered;
