//! A driver's file: what is in it, where it goes.
