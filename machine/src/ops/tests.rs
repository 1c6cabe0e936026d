//! What a script may say, what is wrong with one, and what a run prints.
