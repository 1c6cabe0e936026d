//! Functions as bodies of routines: from arguments to the answer.

use super::{Answer, Argument, Call, Words};

/// A function that a row can name: `fn(&Call<'_>, …) -> …` with up to eleven arguments after the
/// call, and an answer. Only the compiler needs the type parameter.
pub trait Body<Signature> {
    /// The 32-bit words of all arguments on x86.
    const WORDS: u8;

    /// Takes the arguments of a call and runs the function.
    fn serve(&self, call: &Call<'_>) -> u64;
}

macro_rules! body {
    ($($argument:ident)*) => {
        impl<Function, Answered, $($argument),*> Body<fn($($argument),*) -> Answered> for Function
        where
            Function: Fn(&Call<'_>, $($argument),*) -> Answered,
            Answered: Answer,
            $($argument: Argument),*
        {
            const WORDS: u8 = 0 $(+ $argument::WORDS)*;

            #[inline]
            #[allow(non_snake_case, unused_mut, unused_variables, reason = "one macro for all")]
            fn serve(&self, call: &Call<'_>) -> u64 {
                let mut words = Words::of(call);
                $(let Some($argument) = $argument::take(&mut words) else {
                    return call.refuse_arguments(Answered::refusal());
                };)*
                let told = call.kernel().refused_call_count();
                let answer = self(call, $($argument),*);
                if let Some(status) = answer.refused() {
                    call.tell_unless_told(told, status);
                }
                answer.into_rax()
            }
        }
    };
}

/// Makes one implementation for each number of arguments.
macro_rules! bodies {
    ($first:ident $($rest:ident)*) => {
        body!($first $($rest)*);
        bodies!($($rest)*);
    };
    () => { body!(); };
}

bodies!(A B C D E F G H I J K);
