//! Scenarios and their mistakes, as text.
