//! The C interface of the MPU-401 model, for emulators in other languages.
//!
//! `ffi` is the interface itself and holds all `unsafe` code. `instance` does the work, in safe
//! code. `count` names the sums that an instance keeps, and `timing` the choices of its latencies.
//! C code includes `include/mpu401.h`. cbindgen makes this header from the code and the comments of
//! this crate. `docs/embedding.md` is the guide.
//!
//! Architecture invariants: no call panics, and nothing is allocated between
//! [`mpu401_new`](ffi::mpu401_new) and [`mpu401_free`](ffi::mpu401_free). There is no state
//! outside an instance. `hw-mpu401` decides what the chip does, and `mpu401-card-bench` reads card
//! files; this crate has only the queue of sent bytes, and copes with wrong times from a host.

pub mod count;
pub mod ffi;
pub mod instance;
pub mod timing;
