//! Golden traces and conformance tests live in `tests/`; this library is empty.
