//! The C interface of the MPU-401 model: what an emulator in another language links with.
//!
//! `ffi` is the interface itself and holds all the `unsafe`; `instance` is what it does, in safe
//! code; `count` names the sums it keeps. C reads `include/mpu401.h`, which cbindgen makes from
//! the comments here; `docs/embedding.md` is the guide.
//!
//! Architecture invariants: no call panics, and nothing is allocated between
//! [`mpu401_new`](ffi::mpu401_new) and [`mpu401_free`](ffi::mpu401_free). There is no state
//! outside an instance. What the chip does is decided in `hw-mpu401`; here is only the queue of
//! sent bytes, and the care for a host's mistakes with time.

pub mod count;
pub mod ffi;
pub mod instance;
